#include "store/onnx_layer.h"

#include <algorithm>
#include <utility>

#include "core/text.h"
#include "graph/learned_activation.h"
#include "store/onnx_activations.h"
#include "store/onnx_formula.h"

namespace saltus::store {
namespace {

/// A tensor with its axes in another order: axis i of the result is axis order[i] of `values`.
std::vector<float> permuted(const std::vector<float>& values, const Shape& shape,
                            const std::vector<std::size_t>& order) {
  std::vector<std::size_t> strides(shape.size(), 1);
  for (std::size_t axis = shape.size() - 1; axis > 0; --axis) {
    strides[axis - 1] = strides[axis] * static_cast<std::size_t>(shape[axis]);
  }
  std::vector<float> result;
  result.reserve(values.size());
  std::vector<std::int64_t> place(shape.size(), 0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    std::size_t from = 0;
    for (std::size_t axis = 0; axis < order.size(); ++axis) {
      from += static_cast<std::size_t>(place[axis]) * strides[order[axis]];
    }
    result.push_back(values[from]);
    for (std::size_t axis = order.size(); axis-- > 0;) {
      if (++place[axis] < shape[order[axis]]) break;
      place[axis] = 0;
    }
  }
  return result;
}

}  // namespace

void OnnxLayer::begin(const Node& node, std::span<const std::vector<float>> weights) {
  node_ = &node;
  weights_ = weights;
  onnx_.begin(node.name);
}

const Shape& OnnxLayer::input_shape() const {
  return graph_.nodes()[static_cast<std::size_t>(node_->inputs[0])].shape;
}

OnnxValue& OnnxLayer::input(std::size_t number) {
  return values_[static_cast<std::size_t>(node_->inputs[number])];
}

const std::string& OnnxLayer::channels_first(std::size_t number) {
  OnnxValue& value = input(number);
  if (value.channels_first.empty()) {
    value.channels_first = transposed(value.plain, {0, 3, 1, 2});
  }
  return value.channels_first;
}

const std::string& OnnxLayer::plain_of(OnnxValue& value) {
  if (value.plain.empty()) value.plain = transposed(value.channels_first, {0, 2, 3, 1});
  return value.plain;
}

std::string OnnxLayer::transposed(const std::string& x, std::vector<std::int64_t> order) {
  return add("Transpose", {x}, {{"perm", std::move(order)}});
}

OnnxValue OnnxLayer::folded(std::string_view op) {
  const bool first = is_channels_first();
  const auto value = [&](std::size_t i) { return first ? channels_first(i) : plain(i); };
  std::string all = value(0);
  for (std::size_t i = 1; i < node_->inputs.size(); ++i) all = add(op, {all, value(i)});
  return in_order(std::move(all), first);
}

OnnxValue OnnxLayer::over_channels(std::string_view op) {
  return on_either([&](const std::string& x) {
    return add(op, {x}, {{"axis", std::int64_t{is_channels_first() ? 1 : -1}}});
  });
}

OnnxValue OnnxLayer::pooled(std::string_view op, Size2 size, Size2 strides,
                            layers::Padding padding) {
  // ONNX's default is to leave positions outside the image out of the mean.
  return {
      {},
      add(op, {channels_first()}, window(size, strides == Size2{0, 0} ? size : strides, padding))};
}

std::string OnnxLayer::activated(const Activation& activation, const std::string& x,
                                 bool channels_first) {
  const Expression input(onnx_, x);
  if (!activation.is_learned()) return onnx_activation(activation, input, node_->name).value();
  std::vector<Expression> parameters;
  const auto places = places_of_learned(activation, *node_);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0)
      parameters.emplace_back(shortest(activation.ref().parameters[i]));
    else
      parameters.emplace_back(onnx_,
                              bounded_weight(static_cast<std::size_t>(places[i]), channels_first));
  }
  const formula::LearnedFormula formula = learned_formula(activation);
  return onnx_formula(formula.graph(), formula.value(), parameters, input).value();
}

std::string OnnxLayer::bounded_weight(std::size_t number, bool channels_first) {
  const Weight& weight = node_->weights[number];
  std::vector<float> values = weights_[number];
  for (float& value : values) value = std::clamp(value, weight.bounds->low, weight.bounds->high);
  const Shape shape = channels_first ? Shape{weight.shape[0], 1, 1} : weight.shape;
  return onnx_.floats(weight.name, shape, values);
}

std::string OnnxLayer::reshaped(const std::string& x, Shape shape) {
  shape.insert(shape.begin(), 0);  // the batch as it is
  return add("Reshape", {x, integers("/shape", shape)});
}

std::string OnnxLayer::weight(std::size_t number) {
  const Weight& weight = node_->weights[number];
  return onnx_.floats(weight.name, weight.shape, weights_[number]);
}

std::string OnnxLayer::permuted_weight(std::size_t number, const std::vector<std::size_t>& order,
                                       Shape shape) {
  const Weight& weight = node_->weights[number];
  if (shape.empty()) {
    for (const std::size_t axis : order) shape.push_back(weight.shape[axis]);
  }
  return onnx_.floats(weight.name, shape, permuted(weights_[number], weight.shape, order));
}

std::string OnnxLayer::integers(std::string_view suffix, const std::vector<std::int64_t>& values) {
  return onnx_.integers(node_->name + std::string(suffix), values);
}

OnnxAttributes OnnxLayer::window(Size2 size, Size2 strides, layers::Padding padding) const {
  const Shape& image = input_shape();
  const WindowPlacement placed = place_window({image[0], image[1]}, size, strides, padding);
  const Size2 before = placed.padding_before;
  const Size2 after = placed.padding_after;
  using Integers = std::vector<std::int64_t>;
  return {{"kernel_shape", Integers{size.height, size.width}},
          {"strides", Integers{strides.height, strides.width}},
          {"pads", Integers{before.height, before.width, after.height, after.width}}};
}

}  // namespace saltus::store
