// What becomes of results that floats could not compute: the same for the loops on a CPU and for
// formulas on a GPU.
#pragma once

#include <saltus/kernels/math/basic.h>

namespace saltus::kernels::formula {

/// Whether an intermediate result is so large that what is made of it in double may have overflown.
SALTUS_HD bool is_beyond_doubles(double value) {
  return math::abs(value) > 0x1p1000;
}

/// The result in double as a float, or the limit where what overflowed has made it NaN.
SALTUS_HD float mended(double result, double limit, bool overflows) {
  if (overflows && result != result) result = limit;
  if (result > math::kLargest) return static_cast<float>(math::kInfinity);
  if (result < -math::kLargest) return -static_cast<float>(math::kInfinity);
  return static_cast<float>(result);
}

}  // namespace saltus::kernels::formula
