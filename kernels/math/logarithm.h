// ln, for formulas: no entry of the list needs more than log1p.
#pragma once

#include <saltus/kernels/math/exponential.h>

namespace saltus::kernels::math {

/// ln x; minus infinity at 0, NaN below.
template <class T>
SALTUS_HD T log(T x) {
  if constexpr (is_float<T>) {
    // x = 2^n (1 + m) with -1/4 <= m < 1/2, where m is exact; a subnormal x is scaled first.
    const bool tiny = x < 0x1p-126f;
    const float scaled = tiny ? x * 0x1p24f : x;
    const std::uint32_t exponent = (bits_of(scaled) - bits_of(0.75f)) & 0xff800000u;
    const float m = float_of(bits_of(scaled) - exponent) - 1.0f;
    const float n =
        static_cast<float>(static_cast<std::int32_t>(exponent)) * 0x1p-23f - (tiny ? 24.0f : 0.0f);
    const float q = polynomial(m, -0.5f, 0.3333345f, -0.25000185f, 0.19990978f, -0.16643979f,
                               0.1446967f, -0.13186327f, 0.10570354f, -0.046033993f);
    const float result = fma(n, 0.693147182f, fma(q, m * m, m));
    const float at_end = x == 0.0f ? static_cast<float>(-kInfinity) : x;  // NaN and +infinity stay
    const bool inside = x > 0.0f && x <= static_cast<float>(kLargest);
    return inside ? result : (x < 0.0f ? float_of(0x7fc00000u) : at_end);
  } else {
    using std::log;
    return log(x);
  }
}

}  // namespace saltus::kernels::math
