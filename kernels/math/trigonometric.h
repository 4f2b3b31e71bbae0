// sin, cos and atan. The reduction is right for every float, up to 2^128.
#pragma once

#include "kernels/math/basic.h"

namespace saltus::kernels::math {

SALTUS_HD double nearest_integer(double x) {
#if defined(__CUDA_ARCH__)
  return ::rint(x);
#else
  return __builtin_rint(x);
#endif
}

/// x = (n + r / (pi / 2)) pi / 2 with |r| <= pi / 4; `quadrant` is n, of which the last two bits
/// count.
struct QuarterTurns {
  float r;
  std::uint32_t quadrant;
};

/// Multiplies by 2 / pi modulo 4, in double. 2 / pi is cut into two parts of 29 bits, whose
/// products with a float are exact, and a rest of 53. Bits that contribute only multiples of 4
/// (whole turns) to the product with large floats, which are multiples of a power of two, are left
/// out, so that three sets of parts serve all: the result is within 2^-52 of the truth.
SALTUS_HD QuarterTurns reduce_angle(float angle) {
  const double x = angle;
  const double a = x < 0.0 ? -x : x;
  const bool large = a >= 0x1p60;
  const bool huge = a >= 0x1p94;
  double c1 = large ? 0x1.c882a52p-37 : 0x1.45f306dp-1;
  double c2 = large ? 0x1.f84eafap-65 : 0x1.9391054p-30;
  double c3 = large ? 0x1.f534ddc0db629p-96 : 0x1.4fe13abe8fa9ap-59;
  c1 = huge ? 0x1.09d5f47p-70 : c1;
  c2 = huge ? 0x1.a9a6eep-99 : c2;
  c3 = huge ? 0x1.b6c52b3278872p-129 : c3;
  const double p1 = x * c1;
  const double p2 = x * c2;
  const double p3 = x * c3;
  const double h1 = p1 - 4.0 * nearest_integer(0.25 * p1);
  const double h2 = p2 - 4.0 * nearest_integer(0.25 * p2);
  const double n = nearest_integer(h1 + h2 + p3);
  const double fraction = (h1 - n) + h2 + p3;
  return {static_cast<float>(fraction * 1.57079632679489661923),
          bits_of(static_cast<float>(n) + 12582912.0f)};
}

/// Sine and cosine of one angle.
template <class T>
struct SinCos {
  T sin, cos;
};
template <class T>
SALTUS_HD SinCos<T> sincos(T x) {
  if constexpr (is_float<T>) {
    const QuarterTurns turns = reduce_angle(x);
    const float r = turns.r;
    const float square = r * r;
    const float s =
        fma(r * square, polynomial(square, -0.16666655f, 0.00833219f, -0.00019518408f), r);
    const float c =
        fma(square * square, polynomial(square, 0.041666646f, -0.001388731f, 2.4432338e-05f),
            fma(-0.5f, square, 1.0f));
    const bool odd = (turns.quadrant & 1u) != 0;
    const std::uint32_t sin_sign = (turns.quadrant & 2u) << 30;
    const std::uint32_t cos_sign = ((turns.quadrant + 1u) & 2u) << 30;
    return {float_of(bits_of(odd ? c : s) ^ sin_sign), float_of(bits_of(odd ? s : c) ^ cos_sign)};
  } else {
    using std::cos, std::sin;
    return {sin(x), cos(x)};
  }
}

template <class T>
SALTUS_HD T sin(T x) {
  return sincos(x).sin;
}

template <class T>
SALTUS_HD T cos(T x) {
  return sincos(x).cos;
}

/// (x cos x - sin x) / x^2, the derivative of sin(x) / x; 0 at 0.
template <class T>
SALTUS_HD T sinc_slope(T x, SinCos<T> at_x) {
  const T square = x * x;
  const T difference = (at_x.cos - at_x.sin / x) / x;
  if constexpr (is_float<T>) {
    const float near_zero = x * polynomial(square, -0.33333334f, 0.03333344f, -0.0011906733f,
                                           2.217718e-05f, -2.8657283e-07f, 5.371272e-09f);
    return abs(x) < 2.0f ? near_zero : difference;
  } else {
    T sum = T(1.0 / 518918400.0);
    sum = sum * square + T(-1.0 / 3991680.0);
    sum = sum * square + T(1.0 / 45360.0);
    sum = sum * square + T(-1.0 / 840.0);
    sum = sum * square + T(1.0 / 30.0);
    sum = sum * square + T(-1.0 / 3.0);
    return abs(x) < T(0.25) ? x * sum : difference;
  }
}

/// The angle in (-pi/2, pi/2) whose tangent is x.
template <class T>
SALTUS_HD T atan(T x) {
  if constexpr (is_float<T>) {
    const float a = abs(x);
    const bool large = a > 1.0f;
    const float z = (large ? 1.0f : a) / (large ? a : 1.0f);
    const float square = z * z;
    const float p =
        fma(z * square,
            polynomial(square, -0.333333f, 0.19998534f, -0.14264101f, 0.1095149f, -0.08401511f,
                       0.057925675f, -0.031147093f, 0.010898567f, -0.0017901255f),
            z);
    return with_sign_of(x, large ? 1.57079633f - p : p);
  } else {
    using std::atan;
    return atan(x);
  }
}

}  // namespace saltus::kernels::math
