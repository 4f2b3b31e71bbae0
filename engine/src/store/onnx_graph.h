// A graph of ONNX's operators that is being put together, and its file.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <saltus/shape.h>

#include "store/protobuf.h"

namespace saltus::store {

/// An operator's attribute.
struct OnnxAttribute {
  std::string name;
  std::variant<std::int64_t, float, std::vector<std::int64_t>> value;
};
using OnnxAttributes = std::vector<OnnxAttribute>;

/// Nodes, their constants, one input and one output. Values go by their names; a node's name is
/// that of the value it gives. All tensors but shapes are of floats, their first axis is the batch.
class OnnxGraph {
 public:
  /// Keeps these names for result().
  explicit OnnxGraph(std::set<std::string> reserved) : taken_(std::move(reserved)) {}

  /// What is added from now on belongs to this layer.
  void begin(const std::string& layer);

  /// Adds a node and returns its value, "LAYER/OP".
  std::string node(std::string_view op, std::vector<std::string> inputs,
                   OnnxAttributes attributes = {});

  /// Calls the value that the layer gives like the layer, where the layer's last node made it.
  /// Returns the name that the value now has.
  std::string result(const std::string& value);

  /// Constants. Names that are taken get a number; equal scalars are one.
  std::string floats(const std::string& name, const Shape& shape, std::span<const float> values);
  std::string integers(const std::string& name, const std::vector<std::int64_t>& values);
  std::string scalar(float value);

  /// The file's bytes. Shapes are per sample.
  [[nodiscard]] std::string file(const std::string& input, const Shape& input_shape,
                                 const std::string& output, const Shape& output_shape) const;

 private:
  struct Node {
    std::string op;
    std::vector<std::string> inputs;
    std::string output;
    OnnxAttributes attributes;
  };

  std::string unique(const std::string& name);
  std::string constant(const std::string& name, int type, const Shape& shape,
                       std::string_view bytes);
  static Message encoded(const Node& node);

  std::set<std::string> taken_;
  std::vector<Node> nodes_;
  Message constants_;  ///< fields of a GraphProto
  std::map<std::uint32_t, std::string> scalars_;
  std::string layer_;
  std::size_t first_of_layer_ = 0;
};

}  // namespace saltus::store
