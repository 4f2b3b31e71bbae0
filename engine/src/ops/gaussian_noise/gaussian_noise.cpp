#include "ops/gaussian_noise/gaussian_noise.h"

#include <fmt/format.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::GaussianNoise>::infer(const layers::GaussianNoise& layer,
                                                 const Inference& at) {
  if (!(layer.stddev >= 0 && layer.stddev <= 1)) {
    at.fail(fmt::format("stddev {} is not in 0 to 1", layer.stddev));
  }
  return {at.input(), {}};
}

TensorId LayerRule<layers::GaussianNoise>::lower(const layers::GaussianNoise& layer,
                                                 plan::Lowering& at) {
  if (!at.training() || layer.stddev == 0) return at.input();
  const TensorId y = at.output();
  at.emit(AddNoise{at.input(), y, static_cast<std::uint32_t>(at.number()), layer.stddev});
  return y;
}

store::OnnxValue LayerRule<layers::GaussianNoise>::export_onnx(
    const layers::GaussianNoise& /*layer*/, store::OnnxLayer& at) {
  return at.input();
}

void AddNoise::differentiate(plan::Gradients& gradients) const {
  gradients.contribute(x, gradients.at(y));
}

}  // namespace saltus::ops
