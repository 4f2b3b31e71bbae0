#include "store/onnx.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include <saltus/error.h>

#include "store/onnx_activations.h"
#include "store/onnx_graph.h"

namespace saltus::store {
namespace {

/// What protobuf can hold, less what is not weights.
constexpr std::int64_t kMostWeights = ((std::int64_t{1} << 31) - (std::int64_t{1} << 24)) / 4;

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

/// A node's output. Images exist as {batch, height, width, channels}, as {batch, channels, height,
/// width}, which ONNX's convolutions and pools take, or as both: from the first layer that needs
/// the other order to the next that needs this one, all work on the other.
struct Value {
  std::string plain;
  std::string channels_first;
};

std::set<std::string> names_of(const Graph& graph) {
  std::set<std::string> names;
  for (const Node& node : graph.nodes()) names.insert(node.name);
  return names;
}

/// A visitor of layers; what it returns is the layer's value.
class Exporter {
 public:
  Exporter(const Graph& graph, std::span<const std::vector<float>> weights)
      : graph_(graph), weights_(weights), onnx_(names_of(graph)) {}

  std::string file() {
    for (const Node& node : graph_.nodes()) {
      node_ = &node;
      onnx_.begin(node.name);
      Value value = std::visit(*this, node.layer);
      if (node_ == &graph_.output()) {
        value.plain = output(value);
      } else if (value.channels_first.empty()) {
        value.plain = onnx_.result(value.plain);
      } else {
        value.channels_first = onnx_.result(value.channels_first);
      }
      values_.push_back(std::move(value));
      weights_ = weights_.subspan(node.weights.size());
    }
    const Node& input = graph_.nodes().front();
    return onnx_.file(input.name, input.shape, graph_.output().name, graph_.output().shape);
  }

  Value operator()(const layers::Input&) { return {node_->name, {}}; }

  Value operator()(const layers::Conv2D& layer) {
    const Shape& kernel = node_->weights[0].shape;
    std::vector<std::string> inputs = {
        channels_first(),
        onnx_.floats(node_->weights[0].name, {kernel[3], kernel[2], kernel[0], kernel[1]},
                     permuted(weights_[0], kernel, {3, 2, 0, 1}))};
    if (layer.use_bias) inputs.push_back(weight(1));
    const std::string product = onnx_.node("Conv", std::move(inputs),
                                           window(layer.kernel_size, layer.strides, layer.padding));
    return {{}, activated(layer.activation, product)};
  }

  Value operator()(const layers::Dense& layer) {
    if (input_shape().size() == 1) {
      std::vector<std::string> inputs = {plain(), weight(0)};
      if (layer.use_bias) inputs.push_back(weight(1));
      return {activated(layer.activation, onnx_.node("Gemm", std::move(inputs))), {}};
    }
    std::string product = onnx_.node("MatMul", {plain(), weight(0)});
    if (layer.use_bias) product = onnx_.node("Add", {product, weight(1)});
    return {activated(layer.activation, product), {}};
  }

  Value operator()(const layers::Flatten&) { return {reshaped(plain(), node_->shape), {}}; }
  Value operator()(const layers::Reshape&) { return {reshaped(plain(), node_->shape), {}}; }

  Value operator()(const Activation& activation) {
    return on_either([&](const std::string& x) { return activated(activation, x); });
  }
  Value operator()(const layers::Softmax&) { return over_channels("Softmax"); }
  Value operator()(const layers::LogSoftmax&) { return over_channels("LogSoftmax"); }

  Value operator()(const layers::PReLU&) {
    const Weight& alpha = node_->weights[0];
    return on_either([&](const std::string& x) {
      if (!is_channels_first()) return onnx_.node("PRelu", {x, weight(0)});
      return onnx_.node(
          "PRelu", {x, onnx_.floats(alpha.name, {alpha.shape[2], alpha.shape[0], alpha.shape[1]},
                                    permuted(weights_[0], alpha.shape, {2, 0, 1}))});
    });
  }

  Value operator()(const layers::MaxPooling2D& layer) { return pooled("MaxPool", layer); }
  Value operator()(const layers::AveragePooling2D& layer) { return pooled("AveragePool", layer); }
  Value operator()(const layers::GlobalAveragePooling2D&) {
    using Axes = std::vector<std::int64_t>;
    const Axes axes = is_channels_first() ? Axes{2, 3} : Axes{1, 2};
    const std::string& x = is_channels_first() ? channels_first() : plain();
    return {onnx_.node("ReduceMean", {x}, {{"axes", axes}, {"keepdims", std::int64_t{0}}}), {}};
  }

  // Both do nothing in prediction.
  Value operator()(const layers::Dropout&) { return input(); }
  Value operator()(const layers::AlphaDropout&) { return input(); }

  Value operator()(const layers::BatchNormalization& layer) {
    const Shape& shape = node_->shape;
    const auto normalized = [&](const std::string& x) {
      return onnx_.node("BatchNormalization", {x, weight(0), weight(1), weight(2), weight(3)},
                        {{"epsilon", static_cast<float>(layer.epsilon)}});
    };
    if (shape.size() == 3) return {{}, normalized(channels_first())};
    if (shape.size() == 1) return {normalized(plain()), {}};
    // The operator wants the channels second.
    const std::string rows =
        onnx_.node("Reshape", {plain(), onnx_.integers(node_->name + "/rows", {-1, shape.back()})});
    Shape whole = shape;
    whole.insert(whole.begin(), -1);
    return {
        onnx_.node("Reshape", {normalized(rows), onnx_.integers(node_->name + "/shape", whole)}),
        {}};
  }

  Value operator()(const layers::Add&) {
    const bool first = is_channels_first();
    std::vector<std::string> inputs;
    for (std::size_t i = 0; i < node_->inputs.size(); ++i) {
      inputs.push_back(first ? channels_first(i) : plain(i));
    }
    return in_order(onnx_.node(inputs.size() == 2 ? "Add" : "Sum", std::move(inputs)), first);
  }

 private:
  Value& input(std::size_t i = 0) { return values_[static_cast<std::size_t>(node_->inputs[i])]; }
  const Shape& input_shape() const {
    return graph_.nodes()[static_cast<std::size_t>(node_->inputs[0])].shape;
  }
  bool is_channels_first() { return !input().channels_first.empty(); }
  static Value in_order(std::string value, bool channels_first) {
    return channels_first ? Value{{}, std::move(value)} : Value{std::move(value), {}};
  }

  /// Input i in the order that is wanted.
  const std::string& plain(std::size_t i = 0) { return plain_of(input(i)); }
  const std::string& channels_first(std::size_t i = 0) {
    Value& value = input(i);
    if (value.channels_first.empty()) {
      value.channels_first = transposed(value.plain, {0, 3, 1, 2});
    }
    return value.channels_first;
  }
  const std::string& plain_of(Value& value) {
    if (value.plain.empty()) value.plain = transposed(value.channels_first, {0, 2, 3, 1});
    return value.plain;
  }
  std::string transposed(const std::string& x, std::vector<std::int64_t> order) {
    return onnx_.node("Transpose", {x}, {{"perm", std::move(order)}});
  }

  /// A layer to which the order of axes is all one.
  template <class Function>
  Value on_either(Function&& function) {
    const bool first = is_channels_first();
    return in_order(function(first ? channels_first() : plain()), first);
  }
  std::string activated(const Activation& activation, const std::string& x) {
    return onnx_activation(activation, Expression(onnx_, x), node_->name).value();
  }
  Value over_channels(std::string_view op) {
    return on_either([&](const std::string& x) {
      return onnx_.node(op, {x}, {{"axis", std::int64_t{is_channels_first() ? 1 : -1}}});
    });
  }

  /// Weight i of the node.
  std::string weight(std::size_t i) {
    const Weight& weight = node_->weights[i];
    return onnx_.floats(weight.name, weight.shape, weights_[i]);
  }

  std::string reshaped(const std::string& x, Shape shape) {
    shape.insert(shape.begin(), 0);  // the batch as it is
    return onnx_.node("Reshape", {x, onnx_.integers(node_->name + "/shape", shape)});
  }

  OnnxAttributes window(Size2 size, Size2 strides, layers::Padding padding) const {
    const Shape& image = input_shape();
    const WindowPlacement placed = place_window({image[0], image[1]}, size, strides, padding);
    const Size2 before = placed.padding_before;
    const Size2 after = placed.padding_after;
    using Integers = std::vector<std::int64_t>;
    return {{"kernel_shape", Integers{size.height, size.width}},
            {"strides", Integers{strides.height, strides.width}},
            {"pads", Integers{before.height, before.width, after.height, after.width}}};
  }

  template <class Pooling>
  Value pooled(std::string_view op, const Pooling& layer) {
    const Size2 strides = layer.strides == Size2{0, 0} ? layer.pool_size : layer.strides;
    // ONNX's default is to leave positions outside the image out of the mean.
    return {{},
            onnx_.node(op, {channels_first()}, window(layer.pool_size, strides, layer.padding))};
  }

  /// What the network gives, by the last layer's name.
  std::string output(Value& value) {
    const std::string name = onnx_.result(plain_of(value));
    return name == node_->name ? name : onnx_.result(onnx_.node("Identity", {name}));
  }

  const Graph& graph_;
  std::span<const std::vector<float>> weights_;  ///< from those of the node on
  OnnxGraph onnx_;
  std::vector<Value> values_;
  const Node* node_ = nullptr;
};

}  // namespace

std::string onnx_bytes(const Graph& graph, std::span<const std::vector<float>> weights) {
  if (graph.weight_count() > kMostWeights) {
    throw InvalidArgument(fmt::format(
        "the network's {} weights do not fit an ONNX file, which holds {} at most; make "
        "the network smaller",
        graph.weight_count(), kMostWeights));
  }
  return Exporter(graph, weights).file();
}

}  // namespace saltus::store
