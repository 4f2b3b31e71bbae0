#include "graph/infer.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>

#include "graph/kind.h"

namespace saltus {
namespace {

/// A visitor of layers.
class Inference {
 public:
  Inference(const std::string& name, std::span<const Shape> inputs)
      : name_(name), inputs_(inputs) {}

  Inferred operator()(const layers::Input& layer) const {
    if (layer.shape.empty()) fail("shape () has no axis; give a sample one axis or more");
    require_positive("shape", layer.shape);
    return plain(layer.shape);
  }

  Inferred operator()(const layers::Conv2D& layer) const {
    const Shape& image = require_image();
    require_at_least_one("filters", layer.filters);
    const Size2 output = place(layer.kernel_size, layer.strides, layer.padding).output;
    const std::int64_t channels = image[2];
    const Size2 size = layer.kernel_size;
    Inferred inferred{{output.height, output.width, layer.filters}, {}};
    inferred.weights.push_back(weight("kernel", {size.height, size.width, channels, layer.filters},
                                      layer.kernel_initializer));
    if (layer.use_bias) {
      inferred.weights.push_back(weight("bias", {layer.filters}, layer.bias_initializer));
    }
    return inferred;
  }

  Inferred operator()(const layers::Dense& layer) const {
    require_at_least_one("units", layer.units);
    Inferred inferred{inputs_[0], {}};
    inferred.shape.back() = layer.units;
    inferred.weights.push_back(
        weight("kernel", {inputs_[0].back(), layer.units}, layer.kernel_initializer));
    if (layer.use_bias) {
      inferred.weights.push_back(weight("bias", {layer.units}, layer.bias_initializer));
    }
    return inferred;
  }

  Inferred operator()(const layers::Flatten&) const { return plain({element_count(inputs_[0])}); }

  Inferred operator()(const layers::Reshape& layer) const {
    Shape target = layer.target_shape;
    if (target.empty()) fail("target_shape () has no axis; give a sample one axis or more");
    const std::int64_t elements = element_count(inputs_[0]);
    const auto open = std::find(target.begin(), target.end(), -1);
    if (open != target.end()) {
      *open = 1;
      require_positive("target_shape", target);
      *open = elements / element_count(target);
    }
    require_positive("target_shape", target);
    if (element_count(target) != elements) {
      fail(fmt::format("target_shape {} does not hold the {} elements of {}",
                       to_string(layer.target_shape), elements, to_string(inputs_[0])));
    }
    return plain(target);
  }

  Inferred operator()(const Activation&) const { return plain(inputs_[0]); }
  Inferred operator()(const layers::Softmax&) const { return plain(inputs_[0]); }
  Inferred operator()(const layers::LogSoftmax&) const { return plain(inputs_[0]); }

  Inferred operator()(const layers::PReLU& layer) const {
    Shape alpha = inputs_[0];
    for (const int axis : layer.shared_axes) {
      if (axis < 1 || axis > static_cast<int>(alpha.size())) {
        fail(fmt::format("shared axis {} is not an axis of {}; they count from 1 to {}", axis,
                         to_string(inputs_[0]), alpha.size()));
      }
      alpha[static_cast<std::size_t>(axis - 1)] = 1;
    }
    return {inputs_[0], {weight("alpha", alpha, layer.alpha_initializer)}};
  }

  Inferred operator()(const layers::MaxPooling2D& layer) const {
    return pooled(layer.pool_size, layer.strides, layer.padding);
  }
  Inferred operator()(const layers::AveragePooling2D& layer) const {
    return pooled(layer.pool_size, layer.strides, layer.padding);
  }
  Inferred operator()(const layers::GlobalAveragePooling2D&) const {
    return plain({require_image()[2]});
  }

  Inferred operator()(const layers::Dropout& layer) const { return dropped(layer.rate); }
  Inferred operator()(const layers::AlphaDropout& layer) const { return dropped(layer.rate); }

  Inferred operator()(const layers::BatchNormalization& layer) const {
    if (!(layer.momentum >= 0 && layer.momentum <= 1)) {
      fail(fmt::format("momentum {} is not in 0 to 1", layer.momentum));
    }
    if (!(layer.epsilon > 0)) fail(fmt::format("epsilon {} is not positive", layer.epsilon));
    const Shape channels = {inputs_[0].back()};
    return {
        inputs_[0],
        {weight("gamma", channels, Initializer::ones), weight("beta", channels, Initializer::zeros),
         weight("moving_mean", channels, Initializer::zeros, false),
         weight("moving_variance", channels, Initializer::ones, false)}};
  }

  Inferred operator()(const layers::Add&) const {
    for (const Shape& shape : inputs_) {
      if (shape != inputs_[0]) {
        fail(fmt::format("inputs of shapes {} and {} cannot be added; all must have one shape",
                         to_string(inputs_[0]), to_string(shape)));
      }
    }
    return plain(inputs_[0]);
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw InvalidArgument(fmt::format("{}: {}", name_, what));
  }

  void require_positive(std::string_view what, const Shape& shape) const {
    if (std::any_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent < 1; })) {
      fail(fmt::format("{} {} has an extent below 1", what, to_string(shape)));
    }
  }
  void require_at_least_one(std::string_view what, std::int64_t value) const {
    if (value < 1) fail(fmt::format("{} is {}, but must be 1 or more", what, value));
  }
  const Shape& require_image() const {
    const Shape& shape = inputs_[0];
    if (shape.size() != 3) {
      fail(
          fmt::format("input of shape {} is not an image (height, width, channels); put a Reshape "
                      "before it",
                      to_string(shape)));
    }
    return shape;
  }

  WindowPlacement place(Size2 window, Size2 strides, layers::Padding padding) const {
    const Shape& image = require_image();
    try {
      return place_window({image[0], image[1]}, window, strides, padding);
    } catch (const InvalidArgument& error) {
      fail(error.what());
    }
  }

  static Inferred plain(Shape shape) { return {std::move(shape), {}}; }

  Inferred pooled(Size2 size, Size2 strides, layers::Padding padding) const {
    const Size2 steps = strides == Size2{0, 0} ? size : strides;
    const Size2 output = place(size, steps, padding).output;
    return plain({output.height, output.width, inputs_[0][2]});
  }

  Inferred dropped(double rate) const {
    if (!(rate >= 0 && rate < 1)) {
      fail(fmt::format("rate {} is not at least 0 and less than 1", rate));
    }
    return plain(inputs_[0]);
  }

  Weight weight(std::string_view role, Shape shape, Initializer initializer,
                bool trainable = true) const {
    const Fans fans = fans_of(shape);
    return {fmt::format("{}/{}", name_, role), std::move(shape), initializer, fans, trainable};
  }

  const std::string& name_;
  std::span<const Shape> inputs_;
};

/// How many inputs a layer takes: from `least` to `most`.
struct Arity {
  std::size_t least;
  std::size_t most;
};

Arity arity_of(const Layer& layer) {
  if (std::holds_alternative<layers::Input>(layer)) return {0, 0};
  if (std::holds_alternative<layers::Add>(layer)) return {2, SIZE_MAX};
  return {1, 1};
}

}  // namespace

Inferred infer(const Layer& layer, const std::string& name, std::span<const Shape> inputs) {
  const Arity arity = arity_of(layer);
  if (inputs.size() < arity.least || inputs.size() > arity.most) {
    throw InvalidArgument(fmt::format("{}: {} takes {} input{}, not {}", name, kind_name(layer),
                                      arity.most > 1 ? "two or more" : fmt::to_string(arity.least),
                                      arity.least == 1 ? "" : "s", inputs.size()));
  }
  return std::visit(Inference(name, inputs), layer);
}

}  // namespace saltus
