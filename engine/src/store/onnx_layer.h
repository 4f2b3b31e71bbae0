// What a layer's rule writes itself to an ONNX graph with.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/graph.h>

#include "store/onnx_graph.h"

namespace saltus::store {

/// A node's output. Images exist as {batch, height, width, channels}, as {batch, channels, height,
/// width}, which ONNX's convolutions and pools take, or as both: from the first layer that needs
/// the other order to the next that needs this one, all work on the other.
struct OnnxValue {
  std::string plain;
  std::string channels_first;
};

/// A value that exists in one order.
inline OnnxValue in_order(std::string value, bool channels_first) {
  return channels_first ? OnnxValue{{}, std::move(value)} : OnnxValue{std::move(value), {}};
}

/// A graph that is being exported, at one of its nodes.
class OnnxLayer {
 public:
  OnnxLayer(const Graph& graph, OnnxGraph& onnx) : graph_(graph), onnx_(onnx) {}

  /// Goes to the next node, whose weights these are; what it gives comes with finish().
  void begin(const Node& node, std::span<const std::vector<float>> weights);
  void finish(OnnxValue value) { values_.push_back(std::move(value)); }

  const Node& node() const { return *node_; }
  const Shape& input_shape() const;

  /// An input, and it in the order that is wanted.
  OnnxValue& input(std::size_t number = 0);
  const std::string& plain(std::size_t number = 0) { return plain_of(input(number)); }
  const std::string& channels_first(std::size_t number = 0);
  const std::string& plain_of(OnnxValue& value);
  bool is_channels_first() { return !input().channels_first.empty(); }

  /// Adds an operator and returns its value.
  std::string add(std::string_view op, std::vector<std::string> inputs,
                  OnnxAttributes attributes = {}) {
    return onnx_.node(op, std::move(inputs), std::move(attributes));
  }

  /// For a layer to which the order of axes is all one: function(x) in whichever order x is.
  template <class Function>
  OnnxValue on_either(Function&& function) {
    const bool first = is_channels_first();
    return in_order(function(first ? channels_first() : plain()), first);
  }

  /// All inputs by one operator of two, again and again.
  OnnxValue folded(std::string_view op);
  /// An operator along the last axis, as Softmax is.
  OnnxValue over_channels(std::string_view op);
  OnnxValue pooled(std::string_view op, Size2 size, Size2 strides, layers::Padding padding);

  /// The activation of x, which is in that order of axes; its learned parameters are the node's
  /// last weights.
  std::string activated(const Activation& activation, const std::string& x, bool channels_first);
  /// x under another per-sample shape.
  std::string reshaped(const std::string& x, Shape shape);

  /// A weight of the node; the same with axis order[i] as axis i, and then under another shape
  /// where one is given.
  std::string weight(std::size_t number);
  std::string permuted_weight(std::size_t number, const std::vector<std::size_t>& order,
                              Shape shape = {});
  /// A constant without axes.
  std::string scalar(float value) { return onnx_.scalar(value); }
  /// A constant of integers, NODEsuffix.
  std::string integers(std::string_view suffix, const std::vector<std::int64_t>& values);

  /// The attributes of a convolution or pooling.
  OnnxAttributes window(Size2 size, Size2 strides, layers::Padding padding) const;

 private:
  /// A weight within its bounds.
  std::string bounded_weight(std::size_t number, bool channels_first);
  std::string transposed(const std::string& x, std::vector<std::int64_t> order);

  const Graph& graph_;
  OnnxGraph& onnx_;
  std::span<const std::vector<float>> weights_;
  std::vector<OnnxValue> values_;  ///< by node
  const Node* node_ = nullptr;
};

}  // namespace saltus::store
