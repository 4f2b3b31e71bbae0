#include "ops/zero_padding/zero_padding.h"

#include <limits>

#include <fmt/format.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

namespace {

/// More than any image has, and few enough to be added up.
constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();

}  // namespace

Inferred LayerRule<layers::ZeroPadding2D>::infer(const layers::ZeroPadding2D& layer,
                                                 const Inference& at) {
  Shape shape = at.image();
  const auto widen = [&](std::int64_t& extent, layers::Sides sides) {
    for (const std::int64_t side : {sides.before, sides.after}) {
      if (side < 0 || side > kMost) {
        at.fail(fmt::format("padding {} is not in 0 to {}", side, kMost));
      }
      extent += side;
    }
  };
  widen(shape[0], layer.padding.height);
  widen(shape[1], layer.padding.width);
  return {shape, {}};
}

TensorId LayerRule<layers::ZeroPadding2D>::lower(const layers::ZeroPadding2D& layer,
                                                 plan::Lowering& at) {
  const Shape& image = at.input_shape();
  const Shape& padded = at.node().shape;
  const std::int64_t channels = image[2];
  const TensorId y = at.output();
  at.emit(Pad{at.input(), y,
              Frame{.lines = image[0],
                    .length = image[1] * channels,
                    .padded_lines = padded[0],
                    .padded_length = padded[1] * channels,
                    .top = layer.padding.height.before,
                    .left = layer.padding.width.before * channels}});
  return y;
}

store::OnnxValue LayerRule<layers::ZeroPadding2D>::export_onnx(const layers::ZeroPadding2D& layer,
                                                               store::OnnxLayer& at) {
  const auto& [height, width] = layer.padding;
  using Integers = std::vector<std::int64_t>;
  const bool first = at.is_channels_first();
  const Integers pads =
      first ? Integers{0, 0, height.before, width.before, 0, 0, height.after, width.after}
            : Integers{0, height.before, width.before, 0, 0, height.after, width.after, 0};
  const std::string x = first ? at.channels_first() : at.plain();
  return store::in_order(at.add("Pad", {x, at.integers("/pads", pads)}), first);
}

void Pad::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) { return PadBackward{gradients.at(y), dx, frame}; });
}

}  // namespace saltus::ops
