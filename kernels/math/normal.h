// The error function and the normal distribution.
#pragma once

#include <saltus/kernels/math/exponential.h>

namespace saltus::kernels::math {

/// (2 / sqrt(pi)) times the integral of e^(-t^2) from 0 to x.
template <class T>
SALTUS_HD T erf(T x) {
  if constexpr (is_float<T>) {
    // -ln(1 - erf x) = x Q(x) for 0 <= x <= 3.95, where erf is 1 to the last bit.
    const float a = at_most(abs(x), 3.95f);
    const float q = polynomial(a, 1.1283792f, 0.63661474f, 0.102845386f, -0.019521302f,
                               0.0008134271f, 0.00026531596f, 0.00051710283f, -0.00041663522f,
                               0.00012100822f, -1.2894933e-05f);
    return with_sign_of(x, -expm1_of_negative(-a * q));
  } else {
    using std::erf;
    return erf(x);
  }
}

/// What Phi (the distribution function), 1 - Phi and phi (the density) of the standard normal
/// distribution are made of at |z|.
template <class T>
struct NormalTail {
  T upper;    ///< 1 - Phi(|z|), to full precision however small
  T density;  ///< phi(z)
};
template <class T>
SALTUS_HD NormalTail<T> normal_tail(Sum<T> z) {
  if constexpr (is_float<T>) {
    const float a = at_most(abs(z.hi), 14.0f);
    // -(z.hi + z.lo)^2 / 2, exact to about twice the digits.
    const Sum<float> square = product(0.5f * a, a);
    const float e = exp_of_negative(Sum<float>{-square.hi, -fma(z.hi, z.lo, square.lo)});
    // (1 - Phi(a)) / e^(-a^2 / 2), 0 <= a <= 13.3, beyond which e is 0.
    const float numerator =
        polynomial(a, 0.5f, 0.43503332f, 0.18080656f, 0.039810862f, 0.0039931010f);
    const float denominator =
        polynomial(a, 1.0f, 1.6679515f, 1.1924423f, 0.46305579f, 0.099798568f, 0.010009073f);
    return {numerator / denominator * e, 0.398942280f * e};
  } else {
    using std::erfc, std::exp;
    return {T(0.5) * erfc(abs(z.hi) * T(0.70710678118654752440)),
            T(0.39894228040143267794) * exp(T(-0.5) * z.hi * z.hi)};
  }
}
template <class T>
SALTUS_HD NormalTail<T> normal_tail(T z) {
  return normal_tail(Sum<T>{z, T(0)});
}

}  // namespace saltus::kernels::math
