// Where floats do not suffice: beyond the inputs for which every intermediate result is one, a
// formula is evaluated in double, and at infinity by its limit.
#pragma once

#include <cstdint>
#include <span>

#include "formula/formula.h"

namespace saltus::formula {

/// Inputs between these are for floats.
struct Extent {
  float low = 0;
  float high = 0;
};

/// Kept for the formulas and parameters that the thread asked for last.
Extent extent_of(const Formula& formula, const ParameterValues& parameters);

/// What f and f' come to on one side, NaN where they come to nothing.
struct Limit {
  double value = 0;
  double slope = 0;
};
Limit limit_at(const Formula& formula, const ParameterValues& parameters, bool right);

/// f and f' at x, whatever x is.
Point point_at(const Formula& formula, const ParameterValues& parameters, float x);

/// A formula with values of its parameters, as the loops take it.
struct Ready {
  const Formula* formula;
  ProgramView value, both;  ///< for f alone, and for f and f'
  float parameters[kernels::kMaxParameters];
  Extent extent;
};
/// `parameters` are kernels::kMaxParameters.
Ready ready(const Formula& formula, const float* parameters);

/// Replaces y and slope where x is outside of the extent or a result is NaN. `slope` may be null.
void mend(const Ready& formula, const float* x, float* y, float* slope, std::int64_t n);

}  // namespace saltus::formula
