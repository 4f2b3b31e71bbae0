// Numbers for the truth.
#pragma once

#include <boost/multiprecision/cpp_bin_float.hpp>

namespace saltus::formula {

/// So many digits that differences of equal numbers have some left, and exponents as large as
/// those of e to the power of a large number.
using Wide = boost::multiprecision::number<
    boost::multiprecision::cpp_bin_float<50, boost::multiprecision::digit_base_10, void,
                                         std::int32_t, -(1 << 30), (1 << 30)>,
    boost::multiprecision::et_off>;

}  // namespace saltus::formula
