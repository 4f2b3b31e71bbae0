// How a formula runs, proven with intervals: a max-pool relies on it.
#pragma once

#include <vector>

#include "formula/formula.h"

namespace saltus::formula {

struct Course {
  /// `other` where neither of the others is proven.
  kernels::Shape shape = kernels::Shape::other;
  /// Where f' jumps and f does not, with f' there; in order. Complete only with a proven shape.
  std::vector<kernels::Kink> kinks;
};

Course course_of(const Formula& formula, const ParameterValues& parameters);

}  // namespace saltus::formula
