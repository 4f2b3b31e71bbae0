#pragma once

#include <boost/multiprecision/mpfr.hpp>
#include <span>
#include <string_view>

namespace saltus::test {

/// 220 digits: the textbook formulas cancel freely, and derivatives are taken by differences.
using Real = boost::multiprecision::number<boost::multiprecision::mpfr_float_backend<220>,
                                           boost::multiprecision::et_off>;

/// f(x) of the activation of that name as its paper or library writes it, with no thought of
/// rounding: independent of kernels/. Throws std::out_of_range for a name that it does not know.
Real textbook(std::string_view name, const Real& x, std::span<const float> parameters);

/// Its derivative, by a symmetric difference with a step of |x| 10^-70.
Real textbook_slope(std::string_view name, const Real& x, std::span<const float> parameters);

}  // namespace saltus::test
