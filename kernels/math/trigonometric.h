// sin, cos and atan. The reduction is right for every float, up to 2^128, and every product of one
// with a parameter.
#pragma once

#include <saltus/kernels/math/basic.h>

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

/// An angle in quarter turns modulo 4, as a sum.
struct Turns {
  double a, b, c;
};

SALTUS_HD double modulo_four(double x) {
  return x - 4.0 * nearest_integer(0.25 * x);
}

/// Multiplies by 2 / pi. 2 / pi is cut into two parts of 29 bits, whose products with an angle of
/// 24 bits are exact, and a rest of 53. Bits that contribute only multiples of 4 (whole turns) to
/// the product with large angles, which are multiples of a power of two, are left out, so that four
/// sets of parts serve all: the result is within 2^-52 of the truth. `beyond_float` says that the
/// angle may be 2^128 or more, up to 2^148.
SALTUS_HD Turns turns_of(double angle, bool beyond_float) {
  const double size = angle < 0.0 ? -angle : angle;
  const bool large = size >= 0x1p60;
  const bool huge = size >= 0x1p94;
  double c1 = large ? 0x1.c882a52p-37 : 0x1.45f306dp-1;
  double c2 = large ? 0x1.f84eafap-65 : 0x1.9391054p-30;
  double c3 = large ? 0x1.f534ddc0db629p-96 : 0x1.4fe13abe8fa9ap-59;
  c1 = huge ? 0x1.09d5f47p-70 : c1;
  c2 = huge ? 0x1.a9a6eep-99 : c2;
  c3 = huge ? 0x1.b6c52b3278872p-129 : c3;
  const bool beyond = beyond_float && size >= 0x1p128;
  c1 = beyond ? 0x1.34ddc0dp-104 : c1;
  c2 = beyond ? 0x1.6c52b32p-133 : c2;
  c3 = beyond ? 0x1.e21c820ff28b2p-163 : c3;
  return {modulo_four(angle * c1), modulo_four(angle * c2), angle * c3};
}

/// The value at angle - excess; `excess` in quarter turns of 0 to 4 at most.
SALTUS_HD QuarterTurns reduce_angle(Turns angle, double excess) {
  const double n = nearest_integer(angle.a + angle.b + angle.c - excess);
  const double fraction = (angle.a - n) + angle.b + angle.c - excess;
  return {static_cast<float>(fraction * 1.57079632679489661923),
          bits_of(static_cast<float>(n) + 12582912.0f)};
}

SALTUS_HD QuarterTurns reduce_angle(float angle) {
  return reduce_angle(turns_of(angle, false), 0.0);
}

/// Whether c is 1 and the code can make use of it: a GPU jumps over what a whole warp does not
/// need, a CPU's loop does not, but may have been compiled for this c.
SALTUS_HD bool known_to_be_one(float c) {
#if defined(__CUDA_ARCH__)
  return c == 1.0f;
#else
  return __builtin_constant_p(c) && c == 1.0f;
#endif
}

/// The turns of c x, which a double holds: 48 bits, of which turns_of() takes 24 at a time. 0 where
/// c is 0.
SALTUS_HD QuarterTurns reduce_product(float c, float x) {
  if (known_to_be_one(c)) return reduce_angle(x);
  const double product = static_cast<double>(c) * static_cast<double>(finite_where_zero(c, x));
  const double shifted = product * 536870913.0;  // 2^29 + 1: what it takes to round to 24 bits
  const double high = shifted - (shifted - product);
  const Turns excess = turns_of(high - product, false);
  return reduce_angle(turns_of(high, true), excess.a + excess.b + excess.c);
}

/// Sine and cosine of one angle.
template <class T>
struct SinCos {
  T sin, cos;
};
SALTUS_HD SinCos<float> sincos(QuarterTurns turns) {
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
}

template <class T>
SALTUS_HD SinCos<T> sincos(T x) {
  if constexpr (is_float<T>) {
    return sincos(reduce_angle(x));
  } else {
    using std::cos, std::sin;
    return {sin(x), cos(x)};
  }
}

/// sincos(c x) without rounding c x, for |c| up to 2^20: an angle of a thousand turns would lose
/// ten bits.
template <class T>
SALTUS_HD SinCos<T> sincos_of_product(T c, T x) {
  if constexpr (is_float<T>) {
    return sincos(reduce_product(c, x));
  } else {
    using std::cos, std::sin;
    return {sin(c * x), cos(c * x)};
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

/// sincos(pi x) for x >= 0, without rounding pi x.
template <class T>
SALTUS_HD SinCos<T> sincos_of_half_turns(T x) {
  const T turn = x - T(2) * floor(T(0.5) * x);  // exact
  if constexpr (is_float<T>) {
    const float n = floor(2.0f * turn + 0.5f);
    return sincos(QuarterTurns{1.57079633f * (2.0f * turn - n), bits_of(n + 12582912.0f)});
  } else {
    using std::cos, std::sin;
    const T angle = T(3.14159265358979323846) * turn;
    return {sin(angle), cos(angle)};
  }
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
