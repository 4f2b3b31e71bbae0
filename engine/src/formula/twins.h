// Activations of the list that are a formula but for scales.
#pragma once

#include <vector>

#include "formula/formula.h"

namespace saltus::formula {

/// f(x) = y_scale * listed(x_scale * x), the listed one with its defaults.
struct RescaledTwin {
  int id = 0;
  double x_scale = 1;
  double y_scale = 1;
};

/// Those with a scale other than 1 that hold to ten digits everywhere from -6 to 6.
std::vector<RescaledTwin> rescaled_twins(const Formula& formula, const ParameterValues& parameters);

}  // namespace saltus::formula
