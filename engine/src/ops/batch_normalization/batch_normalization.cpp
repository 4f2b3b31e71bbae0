#include "ops/batch_normalization/batch_normalization.h"

#include <fmt/format.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::BatchNormalization>::infer(const layers::BatchNormalization& layer,
                                                      const Inference& at) {
  if (!(layer.momentum >= 0 && layer.momentum <= 1)) {
    at.fail(fmt::format("momentum {} is not in 0 to 1", layer.momentum));
  }
  if (!(layer.epsilon > 0)) at.fail(fmt::format("epsilon {} is not positive", layer.epsilon));
  const Shape channels = {at.input().back()};
  return {at.input(),
          {at.weight("gamma", channels, initializers::Ones{}),
           at.weight("beta", channels, initializers::Zeros{}),
           at.weight("moving_mean", channels, initializers::Zeros{}, false),
           at.weight("moving_variance", channels, initializers::Ones{}, false)}};
}

TensorId LayerRule<layers::BatchNormalization>::lower(const layers::BatchNormalization& layer,
                                                      plan::Lowering& at) {
  const std::int64_t channels = at.input_shape().back();
  const std::int64_t rows = element_count(at.input_shape()) / channels;
  if (!at.training()) {
    const TensorId y = at.output();
    at.emit(NormalizeMoving{.x = at.input(),
                            .gamma = at.weight(0),
                            .beta = at.weight(1),
                            .moving_mean = at.weight(2),
                            .moving_variance = at.weight(3),
                            .y = y,
                            .rows = rows,
                            .channels = channels,
                            .epsilon = layer.epsilon});
    return y;
  }
  NormalizeBatch step{};
  step.x = at.input();
  step.gamma = at.weight(0);
  step.beta = at.weight(1);
  step.moving_mean = at.weight(2);
  step.moving_variance = at.weight(3);
  step.next_mean = at.next_statistic(step.moving_mean);
  step.next_variance = at.next_statistic(step.moving_variance);
  step.mean = at.batch_statistic("/mean", channels);
  step.inverse_deviation = at.batch_statistic("/inverse_deviation", channels);
  step.y = at.output();
  step.rows = rows;
  step.channels = channels;
  step.momentum = layer.momentum;
  step.epsilon = layer.epsilon;
  at.emit(step);
  return step.y;
}

store::OnnxValue LayerRule<layers::BatchNormalization>::export_onnx(
    const layers::BatchNormalization& layer, store::OnnxLayer& at) {
  const Shape& shape = at.node().shape;
  const auto normalized = [&](const std::string& x) {
    return at.add("BatchNormalization", {x, at.weight(0), at.weight(1), at.weight(2), at.weight(3)},
                  {{"epsilon", static_cast<float>(layer.epsilon)}});
  };
  if (shape.size() == 3) return {{}, normalized(at.channels_first())};
  if (shape.size() == 1) return {normalized(at.plain()), {}};
  // The operator wants the channels second.
  const std::string rows =
      at.add("Reshape", {at.plain(), at.integers("/rows", {-1, shape.back()})});
  Shape whole = shape;
  whole.insert(whole.begin(), -1);
  return {at.add("Reshape", {normalized(rows), at.integers("/shape", whole)}), {}};
}

void NormalizeBatch::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return NormalizeBatchBackward{.x = x,
                                  .gamma = gamma,
                                  .mean = mean,
                                  .inverse_deviation = inverse_deviation,
                                  .dy = gradients.at(y),
                                  .dx = dx,
                                  .dgamma = gradients.of_weight(gamma),
                                  .dbeta = gradients.of_weight(beta),
                                  .rows = rows,
                                  .channels = channels};
  });
}

/// Without gamma: dx = dy / sqrt(variance + epsilon), which is such a step, too.
void NormalizeMoving::differentiate(plan::Gradients& gradients) const {
  if (gamma == kNone) {
    gradients.emit(x, [&](TensorId dx) {
      return NormalizeMoving{.x = gradients.at(y),
                             .gamma = kNone,
                             .beta = kNone,
                             .moving_mean = kNone,
                             .moving_variance = moving_variance,
                             .y = dx,
                             .rows = rows,
                             .channels = channels,
                             .epsilon = epsilon};
    });
    return;
  }
  gradients.emit(x, [&](TensorId dx) {
    return NormalizeMovingBackward{.x = x,
                                   .gamma = gamma,
                                   .moving_mean = moving_mean,
                                   .moving_variance = moving_variance,
                                   .dy = gradients.at(y),
                                   .dx = dx,
                                   .dgamma = gradients.of_weight(gamma),
                                   .dbeta = gradients.of_weight(beta),
                                   .rows = rows,
                                   .channels = channels,
                                   .epsilon = epsilon};
  });
}

}  // namespace saltus::ops
