// What tests have compiled for a device. The formulas have, between them, every operation,
// activations of the list, parameters, kinks, conditions, and intermediate results that overflow.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <saltus/model.h>

#include "formula/device_source.h"
#include "graph/custom_activation.h"
#include "graph/learned_activation.h"

namespace saltus::tests {

inline std::vector<std::string> formula_list() {
  return {"x * atan(exp(x))", "where(x > 0, x, a * tanh(x)); a = 0.5 in [0, 1]",
          "max(x, 0) + 0.1 * sin(x)^2 - cos(b * x); b = 3", "gelu(x) + 0.1 * elu(x, alpha=0.2)",
          "abs(x)^1.7 - x^c; c = 3.5", "exp(x^2) / (1 + exp(x^2)) * floor(x)",
          "erfc(x) * x + erf(2 * x) * normal_cdf(x)",
          "asinh(x) * sign(x) + log1p(abs(x)) + normal_density(x)",
          "(exp(x) - 1) / (exp(x) + 1) * x + 1 / x",
          "clip(x, -1, 1) * expm1(x) + min(x, sqrt(abs(x)))",
          "softplus(x) * sigmoid(b * x + d) + gaussian(x); b = 2; d = -1",
          "where(x == 1, 5, where(x <= -2, log(x^2), x * x * x)) * swish(x, beta=1.3)",
          "exp(exp(x)) - exp(exp(x) - 1)",
          // Arguments with what rounding takes from them.
          "x * sigmoid(1.3 * x) - expm1((x - 0.1) * x)",
          "gaussian((x - 0.7) / 1.3) + sech_squared(0.3 * x) + sigmoid_slope(1.7 * x)",
          "erfc(x / 3) * normal_cdf(1.1 * x) + normal_density(x - b); b = 0.1",
          "sin(30.1 * x) + cos(x / 3 + 0.1) + softplus(-1.3 * log(x^2 + 2))"};
}

/// What a network of the activation alone makes of an even number of inputs on a device.
inline std::vector<float> predicted(const Activation& activation, Device device,
                                    const std::vector<float>& x) {
  Model model = Sequential({2}, {layers::Activation{activation}});
  model.compile({.loss = losses::MeanSquaredError{}, .device = device});
  return model.predict({.count = static_cast<std::int64_t>(x.size() / 2),
                        .inputs = std::span<const float>(x),
                        .targets = std::span<const float>()});
}

/// Activations with learned parameters: of the list and formulas, of one and of several
/// parameters, with results that floats overflow on the way to.
inline std::vector<std::string> learned_list() {
  return {"swish:beta=learned",
          "acon_c:p1=learned channel:p2=learned:beta=learned channel",
          "pelu:a=learned:b=0.5",
          "x * atan(exp(b * x)); b = 1.25 learned channel",
          "exp(b * x^2) / (1 + exp(b * x^2)) * x + gelu(c * x); b = 1 learned; c = 0.5 learned",
          "where(x > 0, x, a * expm1(x / d)); a = 1 in [0, 2] learned; d = 1 in [0.5, 2]"};
}

/// An activation of the list with all of its parameters learned.
inline std::string all_learned(const ActivationInfo& info) {
  std::string text(info.name);
  for (const auto& parameter : info.parameters) {
    text.append(":").append(parameter.name).append("=learned");
  }
  return text;
}

/// Losses of y and t.
inline std::vector<std::string> loss_formula_list() {
  return {"(y - t)^2",
          "where(abs(y - t) <= d, 0.5 * (y - t)^2, d * (abs(y - t) - 0.5 * d)); d = 0.3",
          "-t * log(clip(y, 0.001, 0.999)) - (1 - t) * log(1 - clip(y, 0.001, 0.999))",
          "max(y, 0) - y * t + log(1 + exp(-abs(y)))", "gelu(y) * t + floor(y) - y^t + sin(3 * y)"};
}

/// The formulas, each with the defaults of its parameters; and the second with another value.
inline std::vector<formula::Use> formula_uses() {
  std::vector<formula::Use> uses;
  for (const std::string& text : formula_list()) {
    const kernels::ActivationRef ref = Activation::parse(text).ref();
    uses.push_back({find_formula(ref.id), values_of(ref)});
  }
  uses.push_back(uses[1]);
  uses.back().parameters[0] = 0.25F;
  return uses;
}

/// All of these lists; losses with a slope, and the last without one.
inline formula::DeviceFormulas device_formulas() {
  formula::DeviceFormulas all{.activations = formula_uses(), .learned = {}, .losses = {}};
  for (const std::string& text : learned_list()) {
    all.learned.push_back(
        std::make_shared<formula::LearnedFormula>(learned_formula(Activation(text))));
  }
  for (const std::string& text : loss_formula_list())
    all.losses.push_back({Loss::formula(text).definition(), true});
  all.losses.back().with_slope = false;
  return all;
}

}  // namespace saltus::tests
