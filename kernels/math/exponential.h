// exp, expm1, log1p and what is made of them. The float code is branch-free and made of + - * /
// fma, selects and bit casts, so it vectorises and gives the same bits on every instruction set and
// on the device. Polynomials are near-minimax fits of our own; the ranges stand beside them.
#pragma once

#include <saltus/kernels/math/basic.h>

namespace saltus::kernels::math {

/// x = n ln 2 + r with |r| <= ln(2) / 2, and 2^(n - shift).
struct ExpParts {
  float r, scale;
};

/// Wants -126 <= n - shift <= 127.
template <int shift>
SALTUS_HD ExpParts split_exp(float x) {
  // Adding 1.5 * 2^23 rounds to an integer; the bias of the exponent is added to it on the way.
  constexpr float kRound = 12582912.0f + (127.0f - shift);
  const float shifted = fma(x, 1.44269504f, kRound);
  const float n = shifted - kRound;
  // The first part of ln 2 has trailing zeros: its product with n is exact.
  const float r = fma(n, -1.42860677e-6f, fma(n, -0.693145752f, x));
  return {r, float_of(bits_of(shifted) << 23)};
}

/// e^r - 1, |r| <= ln(2) / 2, error 2^-26 relative.
SALTUS_HD float expm1_reduced(float r) {
  const float q = polynomial(r, 0.5f, 0.16666543f, 0.041666437f, 0.008366546f, 0.0013937558f);
  return fma(q, r * r, r);
}

/// Below it e^x counts as 0: it would be subnormal, and processors take a hundred times as long for
/// every subnormal number that comes up in a loop.
inline constexpr float kExpUnderflow = -87.3f;

/// e^(hi + lo) for hi <= 0, |lo| much smaller.
template <class T>
SALTUS_HD T exp_of_negative(Sum<T> x) {
  if constexpr (is_float<T>) {
    const ExpParts s = split_exp<0>(at_least(x.hi, kExpUnderflow));
    const float result = fma(expm1_reduced(s.r + x.lo), s.scale, s.scale);
    return x.hi < kExpUnderflow ? 0.0f : result;
  } else {
    using std::exp;
    return exp(x.hi);
  }
}

/// e^x and e^x - 1, both to full precision, for x <= 0.
template <class T>
struct ExpPair {
  T exp, expm1;
};
template <class T>
SALTUS_HD ExpPair<T> exp_pair_of_negative(T x) {
  if constexpr (is_float<T>) {
    const ExpParts s = split_exp<0>(at_least(x, kExpUnderflow));
    const float p = expm1_reduced(s.r);
    const float result = fma(p, s.scale, s.scale);
    return {x < kExpUnderflow ? 0.0f : result, fma(p, s.scale, s.scale - 1.0f)};
  } else {
    using std::exp, std::expm1;
    return {exp(x), expm1(x)};
  }
}

/// e^x for x <= 0.
template <class T>
SALTUS_HD T exp_of_negative(T x) {
  return exp_pair_of_negative(x).exp;
}

/// e^x - 1 for x <= 0.
template <class T>
SALTUS_HD T expm1_of_negative(T x) {
  return exp_pair_of_negative(x).expm1;
}

/// e^x
template <class T>
SALTUS_HD T exp(T x) {
  if constexpr (is_float<T>) {
    // Half the result, so that 2^n does not overflow before the result does.
    constexpr float kUnderflow = kExpUnderflow + 0.7f;
    const ExpParts s = split_exp<1>(clamp(x, kUnderflow, 89.0f));
    const float result = 2.0f * fma(expm1_reduced(s.r), s.scale, s.scale);
    return x < kUnderflow ? 0.0f : result;
  } else {
    using std::exp;
    return exp(x);
  }
}

/// e^x - 1
template <class T>
SALTUS_HD T expm1(T x) {
  if constexpr (is_float<T>) {
    const ExpParts s = split_exp<1>(clamp(x, -64.0f, 89.0f));
    return 2.0f * fma(expm1_reduced(s.r), s.scale, s.scale - 0.5f);
  } else {
    using std::expm1;
    return expm1(x);
  }
}

/// e^x - 1 - x for x <= 0, which is about x^2 / 2 near 0.
template <class T>
SALTUS_HD T expm1_minus_argument(T x) {
  if constexpr (is_float<T>) {
    const float near_zero = x * x *
                            polynomial(x, 0.5f, 0.166666643f, 0.0416662902f, 0.00833105026f,
                                       0.00138224157f, 0.000188324755f, 1.69281272e-05f);
    return x > -1.0f ? near_zero : expm1_of_negative(x) - x;
  } else {
    // The series where the difference would lose digits; what it leaves out is below 2^-45.
    T sum = T(1.0 / 39916800.0);
    sum = sum * x + T(1.0 / 3628800.0);
    sum = sum * x + T(1.0 / 362880.0);
    sum = sum * x + T(1.0 / 40320.0);
    sum = sum * x + T(1.0 / 5040.0);
    sum = sum * x + T(1.0 / 720.0);
    sum = sum * x + T(1.0 / 120.0);
    sum = sum * x + T(1.0 / 24.0);
    sum = sum * x + T(1.0 / 6.0);
    sum = sum * x + T(0.5);
    using std::expm1;
    return x > T(-0.25) ? x * x * sum : expm1(x) - x;
  }
}

/// e^x as a sum, for |x| <= 80: where it is an exponent itself, an error of half a unit in its last
/// place would be multiplied by it.
template <class T>
SALTUS_HD Sum<T> exp_as_sum(Sum<T> x) {
  if constexpr (is_float<T>) {
    const ExpParts s = split_exp<0>(x.hi);
    const float p = expm1_reduced(s.r + x.lo);
    const float hi = fma(p, s.scale, s.scale);
    return {hi, fma(p, s.scale, s.scale - hi)};
  } else {
    using std::exp;
    return {exp(x.hi), T(0)};
  }
}

/// ln(1 + x) for 0 <= x <= 1, error 2^-30 relative.
template <class T>
SALTUS_HD T log1p_of_unit(T x) {
  if constexpr (is_float<T>) {
    return x * polynomial(x, 1.0f, -0.49999988f, 0.33332714f, -0.24988864f, 0.19899622f,
                          -0.16135158f, 0.12479481f, -0.08323805f, 0.042113908f, -0.013691187f,
                          0.00208444f);
  } else {
    using std::log1p;
    return log1p(x);
  }
}

/// ln(1 + x) for x > -1.
template <class T>
SALTUS_HD T log1p(T x) {
  if constexpr (is_float<T>) {
    // 1 + x = 2^n (1 + m) with -1/4 <= m <= 1/2, and m = x 2^-n + (2^-n - 1) without rounding 1 +
    // x.
    const std::uint32_t exponent = (bits_of(1.0f + x) - bits_of(0.75f)) & 0xff800000u;
    const float four_over_scale = float_of(bits_of(4.0f) - exponent);
    const float m = float_of(bits_of(x) - exponent) + fma(0.25f, four_over_scale, -1.0f);
    const float n = static_cast<float>(static_cast<std::int32_t>(exponent)) * 0x1p-23f;
    const float q = polynomial(m, -0.5f, 0.3333345f, -0.25000185f, 0.19990978f, -0.16643979f,
                               0.1446967f, -0.13186327f, 0.10570354f, -0.046033993f);
    const float result = fma(n, 0.693147182f, fma(q, m * m, m));
    return x <= static_cast<float>(kLargest) ? result : x;
  } else {
    using std::log1p;
    return log1p(x);
  }
}

/// sigmoid(x) = a / b and sigmoid(-x) = c / b, without cancellation on either side; a c = e.
template <class T>
struct Logistic {
  T e;  ///< e^-|x|
  T a, b, c;
};
template <class T>
SALTUS_HD Logistic<T> logistic(T x) {
  const T e = exp_of_negative(-abs(x));
  return {e, x < T(0) ? e : T(1), T(1) + e, x < T(0) ? T(1) : e};
}
template <class T>
SALTUS_HD Logistic<T> logistic(Sum<T> x) {
  const T e = exp_of_negative(x.hi < T(0) ? x : -x);
  return {e, x.hi < T(0) ? e : T(1), T(1) + e, x.hi < T(0) ? T(1) : e};
}

/// 1 / (1 + e^-x)
template <class T>
SALTUS_HD T sigmoid(T x) {
  const Logistic<T> s = logistic(x);
  return s.a / s.b;
}

/// ln(1 + e^x)
template <class T>
SALTUS_HD T softplus(T x) {
  return at_least(x, T(0)) + log1p_of_unit(exp_of_negative(-abs(x)));
}

/// tanh |x| = -m / (2 + m) with m = e^(-2 |x|) - 1.
template <class T>
SALTUS_HD T tanh(T x) {
  if constexpr (is_float<T>) {
    const T m = expm1_of_negative(T(-2) * abs(x));
    return with_sign_of(x, -m / (T(2) + m));
  } else {
    using std::tanh;
    return tanh(x);
  }
}

/// 1 - tanh(x)^2
template <class T>
SALTUS_HD T sech_squared(Sum<T> x) {
  const T minus_two = x.hi < T(0) ? T(2) : T(-2);
  const T e = exp_of_negative(Sum<T>{minus_two * x.hi, minus_two * x.lo});
  return T(4) * e / ((T(1) + e) * (T(1) + e));
}
template <class T>
SALTUS_HD T sech_squared(T x) {
  const T e = exp_of_negative(T(-2) * abs(x));
  return T(4) * e / ((T(1) + e) * (T(1) + e));
}

/// x - tanh(x)
template <class T>
SALTUS_HD T minus_tanh(T x) {
  if constexpr (is_float<T>) {
    const float square = x * x;
    const float near_zero =
        x * square *
        polynomial(square, 0.33333334f, -0.13333404f, 0.05397687f, -0.021904692f, 0.008901348f,
                   -0.0034930357f, 0.0011247566f, -0.000198713f);
    return abs(x) < 1.0f ? near_zero : x - tanh(x);
  } else {
    // The series where the difference would lose digits; what it leaves out is below 2^-55.
    using std::tanh;
    const T square = x * x;
    T sum = T(929569.0 / 638512875.0);
    sum = sum * square - T(21844.0 / 6081075.0);
    sum = sum * square + T(1382.0 / 155925.0);
    sum = sum * square - T(62.0 / 2835.0);
    sum = sum * square + T(17.0 / 315.0);
    sum = sum * square - T(2.0 / 15.0);
    sum = sum * square + T(1.0 / 3.0);
    return abs(x) < T(0.1) ? x * square * sum : x - tanh(x);
  }
}

/// asinh x = ln(|x| + sqrt(x^2 + 1)), with the sign of x.
template <class T>
SALTUS_HD T asinh(T x) {
  if constexpr (is_float<T>) {
    const float a = abs(x);
    const bool large = a > 0x1p30f;
    const float square = a * a;
    const float w = large ? a : a + square / (1.0f + sqrt(1.0f + square));
    return with_sign_of(x, log1p(w) + (large ? 0.693147182f : 0.0f));
  } else {
    using std::asinh;
    return asinh(x);
  }
}

}  // namespace saltus::kernels::math
