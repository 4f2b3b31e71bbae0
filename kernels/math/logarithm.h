// ln, for formulas: no entry of the list needs more than log1p.
#pragma once

#include <saltus/kernels/math/sums.h>

namespace saltus::kernels::math {

/// ln x = n ln 2 + rest, |rest| <= 0.41
struct LogParts {
  float n, rest;
};
SALTUS_HD LogParts split_log(float x) {
  // x = 2^n (1 + m) with -1/4 <= m < 1/2, where m is exact; a subnormal x is scaled first.
  const bool tiny = x < 0x1p-126f;
  const float scaled = tiny ? x * 0x1p24f : x;
  const std::uint32_t exponent = (bits_of(scaled) - bits_of(0.75f)) & 0xff800000u;
  const float m = float_of(bits_of(scaled) - exponent) - 1.0f;
  const float n =
      static_cast<float>(static_cast<std::int32_t>(exponent)) * 0x1p-23f - (tiny ? 24.0f : 0.0f);
  const float q = polynomial(m, -0.5f, 0.3333345f, -0.25000185f, 0.19990978f, -0.16643979f,
                             0.1446967f, -0.13186327f, 0.10570354f, -0.046033993f);
  return {n, fma(q, m * m, m)};
}

/// ln x; minus infinity at 0, NaN below.
template <class T>
SALTUS_HD T log(T x) {
  if constexpr (is_float<T>) {
    const LogParts s = split_log(x);
    const float result = fma(s.n, 0.693147182f, s.rest);
    const float at_end = x == 0.0f ? static_cast<float>(-kInfinity) : x;  // NaN and +infinity stay
    const bool inside = x > 0.0f && x <= static_cast<float>(kLargest);
    return inside ? result : (x < 0.0f ? float_of(0x7fc00000u) : at_end);
  } else {
    using std::log;
    return log(x);
  }
}

/// ln x as a sum, for a positive x that is finite: where it is multiplied and then an exponent, an
/// error of half a unit in its last place would be as many units as the exponent is large.
template <class T>
SALTUS_HD Sum<T> log_as_sum(T x) {
  const T hi = log(x);
  if constexpr (is_float<T>) {
    const LogParts s = split_log(x);
    // The first part of ln 2 has trailing zeros: its product with n is exact.
    const float rest = fma(s.n, 1.42860677e-6f, fma(s.n, 0.693145752f, -hi) + s.rest);
    return {hi, x > 0.0f && x <= static_cast<float>(kLargest) ? rest : 0.0f};
  } else {
    return {hi, T(0)};
  }
}

/// a^b for a positive a.
template <class T>
SALTUS_HD T power_of_positive(T a, Sum<T> b) {
  const Sum<T> exact = log_as_sum(a);
  const Sum<T> exponent = product(b.hi, exact.hi);
  return exp(Sum<T>{exponent.hi, exponent.lo + b.hi * exact.lo + b.lo * exact.hi});
}

}  // namespace saltus::kernels::math
