// What the list says of its activations, found out for a formula.
#pragma once

#include <string>

#include "formula/shape.h"

namespace saltus::formula {

struct Description {
  std::string formula;
  std::string derivative;
  std::string range;  ///< of f, to four digits
  kernels::Saturation saturation = kernels::Saturation::none;
  Course course;
};

Description describe(const Formula& formula, const ParameterValues& parameters);

}  // namespace saltus::formula
