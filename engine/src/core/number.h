#pragma once

#include <cmath>
#include <concepts>
#include <limits>

namespace saltus {

/// A number to be written as text: of a NaN the sign, which says nothing and would be written as
/// "-nan", is left away.
template <std::floating_point T>
T written(T number) {
  return std::isnan(number) ? std::numeric_limits<T>::quiet_NaN() : number;
}

}  // namespace saltus
