#include "ops/parametric_relu/parametric_relu.h"

#include <fmt/format.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::PReLU>::infer(const layers::PReLU& layer, const Inference& at) {
  Shape alpha = at.input();
  for (const int axis : layer.shared_axes) {
    if (axis < 1 || axis > static_cast<int>(alpha.size())) {
      at.fail(fmt::format("shared axis {} is not an axis of {}; they count from 1 to {}", axis,
                          to_string(at.input()), alpha.size()));
    }
    alpha[static_cast<std::size_t>(axis - 1)] = 1;
  }
  return {at.input(), {at.weight("alpha", alpha, layer.alpha_initializer)}};
}

TensorId LayerRule<layers::PReLU>::lower(const layers::PReLU& /*layer*/, plan::Lowering& at) {
  const TensorId y = at.output();
  at.emit(ParametricRelu{at.input(), at.weight(0), y, at.node().shape});
  return y;
}

store::OnnxValue LayerRule<layers::PReLU>::export_onnx(const layers::PReLU& /*layer*/,
                                                       store::OnnxLayer& at) {
  return at.on_either([&](const std::string& x) {
    if (!at.is_channels_first()) return at.add("PRelu", {x, at.weight(0)});
    return at.add("PRelu", {x, at.permuted_weight(0, {2, 0, 1})});
  });
}

std::vector<std::int64_t> broadcast_places(const Shape& sample, const Shape& alpha) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(element_count(sample)), 0);
  for (std::int64_t element = 0; element < element_count(sample); ++element) {
    std::int64_t rest = element;
    std::int64_t stride = 1;
    for (std::size_t axis = sample.size(); axis-- > 0;) {
      if (alpha[axis] != 1)
        places[static_cast<std::size_t>(element)] += rest % sample[axis] * stride;
      rest /= sample[axis];
      stride *= alpha[axis];
    }
  }
  return places;
}

void ParametricRelu::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return ParametricReluBackward{x,     alpha, gradients.at(y), dx, gradients.of_weight(alpha),
                                  sample};
  });
}

}  // namespace saltus::ops
