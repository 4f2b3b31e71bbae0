#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/formula.h>

#include "core/boundary.h"
#include "formula/extremes.h"
#include "formula/listed.h"
#include "formula/twins.h"
#include "graph/custom_activation.h"

namespace saltus {
namespace {

/// E[f(z)^2] by the trapezoidal rule, which converges at once for the normal distribution.
double mean_square(const Activation& activation) {
  constexpr double kStep = 1.0 / 64;
  constexpr double kEnd = 9;
  double sum = 0;
  for (double z = -kEnd; z <= kEnd; z += kStep) {
    const double value{activation.f(static_cast<float>(z))};
    sum += value * value * std::exp(-0.5 * z * z);
  }
  return sum * kStep / std::sqrt(2 * std::numbers::pi);
}

std::vector<std::string> twins_of(const Activation& activation, const formula::Formula& formula) {
  std::vector<std::string> texts;
  const kernels::ActivationRef runs = runnable(activation.ref());
  if (!is_custom_activation(runs.id)) {
    texts.push_back(
        formula::label_of(runs, {}, activation_list()[static_cast<std::size_t>(runs.id)]));
  }
  for (const auto& [id, x_scale, y_scale] :
       formula::rescaled_twins(formula, values_of(activation.ref()))) {
    const std::string x = std::abs(x_scale - 1) < 1e-9 ? "x" : fmt::format("{:.6g} * x", x_scale);
    const std::string y = std::abs(y_scale - 1) < 1e-9 ? "" : fmt::format("{:.6g} * ", y_scale);
    texts.push_back(
        fmt::format("{}{}({})", y, activation_list()[static_cast<std::size_t>(id)].name, x));
  }
  return texts;
}

}  // namespace

FormulaInfo describe_formula(const Activation& activation) try {
  const formula::Formula* formula = find_formula(activation.ref().id);
  if (formula == nullptr)
    throw InvalidArgument(fmt::format("activation {} is no formula", activation.name()));
  const formula::ParameterValues values = values_of(activation.ref());
  const formula::Limit left = formula::limit_at(*formula, values, false);
  const formula::Limit right = formula::limit_at(*formula, values, true);
  return {.f_left = left.value,
          .df_left = left.slope,
          .f_right = right.value,
          .df_right = right.slope,
          .f_operations = formula->value_program().view().count,
          .operations = formula->program().view().count,
          .gain = 1 / std::sqrt(mean_square(activation)),
          .twins = twins_of(activation, *formula)};
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
