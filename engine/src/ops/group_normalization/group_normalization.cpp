#include "ops/group_normalization/group_normalization.h"

#include <fmt/format.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

namespace {

GroupShape shape_of(const layers::GroupNormalization& layer, const Shape& shape) {
  const std::int64_t channels = shape.back();
  const std::int64_t groups = layer.groups == -1 ? channels : layer.groups;
  return {element_count(shape) / channels, groups, channels / groups};
}

}  // namespace

Inferred LayerRule<layers::GroupNormalization>::infer(const layers::GroupNormalization& layer,
                                                      const Inference& at) {
  if (!(layer.epsilon > 0)) at.fail(fmt::format("epsilon {} is not positive", layer.epsilon));
  if (layer.groups != -1) at.require_at_least_one("groups", layer.groups);
  const std::int64_t channels = at.input().back();
  if (layer.groups != -1 && channels % layer.groups != 0) {
    at.fail(fmt::format("{} channels cannot be divided into {} groups", channels, layer.groups));
  }
  Inferred inferred = {at.input(), {}};
  if (layer.scale) inferred.weights.push_back(at.weight("gamma", {channels}, initializers::Ones{}));
  if (layer.center)
    inferred.weights.push_back(at.weight("beta", {channels}, initializers::Zeros{}));
  return inferred;
}

TensorId LayerRule<layers::GroupNormalization>::lower(const layers::GroupNormalization& layer,
                                                      plan::Lowering& at) {
  const TensorId y = at.output();
  at.emit(NormalizeGroups{.x = at.input(),
                          .gamma = layer.scale ? at.weight(0) : kNone,
                          .beta = layer.center ? at.weight(layer.scale ? 1 : 0) : kNone,
                          .y = y,
                          .shape = shape_of(layer, at.input_shape()),
                          .epsilon = layer.epsilon});
  return y;
}

/// Opset 17 has no such operator: the formula, on {batch, positions, groups, channels of a group}.
store::OnnxValue LayerRule<layers::GroupNormalization>::export_onnx(
    const layers::GroupNormalization& layer, store::OnnxLayer& at) {
  const GroupShape s = shape_of(layer, at.input_shape());
  const std::string x =
      at.add("Reshape", {at.plain(), at.integers("/groups", {0, s.positions, s.groups, s.width})});
  const auto mean = [&](const std::string& of) {
    return at.add("ReduceMean", {of},
                  {{"axes", std::vector<std::int64_t>{1, 3}}, {"keepdims", std::int64_t{1}}});
  };
  const std::string difference = at.add("Sub", {x, mean(x)});
  const std::string variance = mean(at.add("Mul", {difference, difference}));
  const std::string root =
      at.add("Sqrt", {at.add("Add", {variance, at.scalar(static_cast<float>(layer.epsilon))})});
  std::string y = at.reshaped(at.add("Div", {difference, root}), at.input_shape());
  if (layer.scale) y = at.add("Mul", {y, at.weight(0)});
  if (layer.center) y = at.add("Add", {y, at.weight(layer.scale ? 1 : 0)});
  return {y, {}};
}

void NormalizeGroups::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return NormalizeGroupsBackward{.x = x,
                                   .gamma = gamma,
                                   .dy = gradients.at(y),
                                   .dx = dx,
                                   .dgamma = gradients.of_weight(gamma),
                                   .dbeta = gradients.of_weight(beta),
                                   .shape = shape,
                                   .epsilon = epsilon};
  });
}

}  // namespace saltus::ops
