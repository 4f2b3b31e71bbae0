// exp and what is made of it, of an argument with what rounding took from it, for formulas: the
// list's entries need fewer.
#pragma once

#include <saltus/kernels/math/exponential.h>
#include <saltus/kernels/math/trigonometric.h>

namespace saltus::kernels::math {

/// x.lo, but 0 where x.hi is beyond what counts.
template <class T>
SALTUS_HD T rest_within(Sum<T> x, T low, T high) {
  return x.hi < low || x.hi > high ? T(0) : x.lo;
}

/// e^x
template <class T>
SALTUS_HD T exp(Sum<T> x) {
  if constexpr (is_float<T>) {
    constexpr float kUnderflow = kExpUnderflow + 0.7f;
    const ExpParts s = split_exp<1>(clamp(x.hi, kUnderflow, 89.0f));
    const float r = s.r + rest_within(x, kUnderflow, 89.0f);
    const float result = 2.0f * fma(expm1_reduced(r), s.scale, s.scale);
    return x.hi < kUnderflow ? 0.0f : result;
  } else {
    return exp(x.hi + x.lo);
  }
}

/// e^x - 1
template <class T>
SALTUS_HD T expm1(Sum<T> x) {
  if constexpr (is_float<T>) {
    const ExpParts s = split_exp<1>(clamp(x.hi, -64.0f, 89.0f));
    const float r = s.r + rest_within(x, -64.0f, 89.0f);
    return 2.0f * fma(expm1_reduced(r), s.scale, s.scale - 0.5f);
  } else {
    return expm1(x.hi + x.lo);
  }
}

/// ln(1 + e^x)
template <class T>
SALTUS_HD T softplus(Sum<T> x) {
  const T rest = log1p_of_unit(exp_of_negative(x.hi < T(0) ? x : -x));
  return at_least(x.hi, T(0)) + (rest + (x.hi > T(0) ? x.lo : T(0)));
}

/// The sine and the cosine of x.
template <class T>
SALTUS_HD SinCos<T> sincos(Sum<T> x) {
  if constexpr (is_float<T>) {
    const Turns rest = turns_of(-static_cast<double>(x.lo), false);
    return sincos(reduce_angle(turns_of(x.hi, false), rest.a + rest.b + rest.c));
  } else {
    return sincos(x.hi + x.lo);
  }
}

}  // namespace saltus::kernels::math
