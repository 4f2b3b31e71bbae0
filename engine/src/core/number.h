#pragma once

#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <string_view>

namespace saltus {

/// A number to be written as text: of a NaN the sign, which says nothing and would be written as
/// "-nan", is left away.
template <std::floating_point T>
T written(T number) {
  return std::isnan(number) ? std::numeric_limits<T>::quiet_NaN() : number;
}

/// The number that a text is, all of it, in every locale. Throws InvalidArgument: "`what` is a
/// number, as `example`, not ...".
double parsed_number(std::string_view text, std::string_view what, std::string_view example);

/// A number with so many digits that count, and all those before the point: "0.001235", "12346".
std::string significant(double value, int digits);

}  // namespace saltus
