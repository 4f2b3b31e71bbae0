// Arithmetic that every function of kernels/math.h stands on. Each name is a template: for float it
// is the operation itself, for any other type (double, long double, a dual number) it forwards to
// std:: or to the function that argument-dependent lookup finds.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <limits>
#include <utility>

#include <saltus/kernels/portable.h>

namespace saltus::kernels::math {

/// The largest float.
inline constexpr double kLargest = 0x1.fffffep127;

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class T>
inline constexpr bool is_float = std::same_as<T, float>;

/// a * b + c with one rounding.
template <class T>
SALTUS_HD T fma(T a, T b, T c) {
  if constexpr (is_float<T>) {
#if defined(__CUDA_ARCH__)
    return ::fmaf(a, b, c);
#else
    return __builtin_fmaf(a, b, c);
#endif
  } else {
    return a * b + c;
  }
}

template <class T>
SALTUS_HD T abs(T x) {
  if constexpr (is_float<T>) {
    return float_of(bits_of(x) & 0x7fffffffu);
  } else {
    using std::abs;
    return abs(x);
  }
}

/// A magnitude, at least 0, with the sign of x.
template <class T>
SALTUS_HD T with_sign_of(T x, T magnitude) {
  if constexpr (is_float<T>) {
    return float_of((bits_of(magnitude) & 0x7fffffffu) | (bits_of(x) & 0x80000000u));
  } else {
    return x < T(0) ? -magnitude : magnitude;
  }
}

template <class T>
SALTUS_HD T sqrt(T x) {
  if constexpr (is_float<T>) {
#if defined(__CUDA_ARCH__)
    return ::sqrtf(x);
#else
    return __builtin_sqrtf(x);
#endif
  } else {
    using std::sqrt;
    return sqrt(x);
  }
}

/// The largest integer not above x.
template <class T>
SALTUS_HD T floor(T x) {
  if constexpr (is_float<T>) {
#if defined(__CUDA_ARCH__)
    return ::floorf(x);
#else
    return __builtin_floorf(x);
#endif
  } else {
    using std::floor;
    return floor(x);
  }
}

/// x, but not below `low`; NaN stays NaN.
template <class T>
SALTUS_HD T at_least(T x, T low) {
  return x < low ? low : x;
}

/// x, but not above `high`; NaN stays NaN.
template <class T>
SALTUS_HD T at_most(T x, T high) {
  return x > high ? high : x;
}

/// x in [low, high]; NaN stays NaN.
template <class T>
SALTUS_HD T clamp(T x, T low, T high) {
  return at_most(at_least(x, low), high);
}

/// x with what is infinite or nearly so cut back, for a product with a factor that has vanished: 0,
/// and not NaN.
template <class T>
SALTUS_HD T finite(T x) {
  return clamp(x, T(-0x1p100), T(0x1p100));
}

/// x, but finite where c is 0: for their product, which is 0 there, and not NaN.
template <class T>
SALTUS_HD T finite_where_zero(T c, T x) {
  const T bound = c == T(0) ? T(0x1p100) : T(kInfinity);
  return clamp(x, -bound, bound);
}

/// value, or NaN where x is NaN: for slopes that are constants.
template <class T>
SALTUS_HD T unless_nan(T x, T value) {
  return x == x ? value : x;
}

/// hi + lo, where lo is what rounding took from hi. Where exp follows, an error of half a unit in
/// its argument's last place would be multiplied by the argument.
template <class T>
struct Sum {
  T hi, lo;
};

/// a * b
template <class T>
SALTUS_HD Sum<T> product(T a, T b) {
  const T hi = a * b;
  if constexpr (is_float<T>) return {hi, fma(a, b, -hi)};
  return {hi, T(0)};
}

/// c * x for a constant c that no float is.
template <class T>
SALTUS_HD Sum<T> product_with_constant(double c, T x) {
  if constexpr (is_float<T>) {
    const T near = static_cast<T>(c);
    const T rest = static_cast<T>(c - static_cast<double>(near));
    const Sum<T> result = product(near, x);
    return {result.hi, fma(rest, x, result.lo)};
  } else {
    return {T(c) * x, T(0)};
  }
}

/// a + b
template <class T>
SALTUS_HD Sum<T> sum(T a, T b) {
  const T hi = a + b;
  if constexpr (is_float<T>) {
    const T part = hi - a;
    return {hi, (a - (hi - part)) + (b - part)};
  } else {
    return {hi, T(0)};
  }
}

/// c + x for a constant c that no float is.
template <class T>
SALTUS_HD Sum<T> sum_with_constant(double c, T x) {
  if constexpr (is_float<T>) {
    const T near = static_cast<T>(c);
    const Sum<T> result = sum(near, x);
    return {result.hi, result.lo + static_cast<T>(c - static_cast<double>(near))};
  } else {
    return {T(c) + x, T(0)};
  }
}

/// a / b, given 1 / b.
template <class T>
SALTUS_HD Sum<T> quotient(T a, T b, T reciprocal_of_b) {
  if constexpr (is_float<T>) {
    const T hi = a * reciprocal_of_b;
    return {hi, fma(-hi, b, a) * reciprocal_of_b};
  }
  return {a / b, T(0)};
}

template <class T>
SALTUS_HD Sum<T> operator-(Sum<T> x) {
  return {-x.hi, -x.lo};
}

/// x and 1, both times a power of two for which the square of x does not overflow.
template <class T>
struct Scaled {
  T x, one;
  T inverse;  ///< 1 / one
};
template <class T>
SALTUS_HD Scaled<T> scaled(T x) {
  if constexpr (is_float<T>) {
    const bool large = abs(x) > 0x1p40f;
    const T scale = large ? 0x1p-80f : 1.0f;
    return {x * scale, scale, large ? 0x1p80f : 1.0f};
  } else {
    return {x, T(1), T(1)};
  }
}

/// sqrt(c x^2 + d) for scaled numbers: of the size of s.x or s.one.
template <class T>
SALTUS_HD T root_of_square(Scaled<T> s, T c, T d) {
  return sqrt(fma(c * s.x, s.x, d * s.one * s.one));
}

/// c[0] + c[1] x + c[2] x^2 + ..., in pairs (Estrin's scheme): a Horner chain would wait for every
/// multiplication before it.
template <class T, class... Coefficients>
SALTUS_HD T polynomial(T x, Coefficients... coefficients);

template <class T, std::size_t n, std::size_t... pair>
SALTUS_HD T polynomial_of_pairs(T x, const T (&c)[n], std::index_sequence<pair...>) {
  if constexpr (n % 2 == 0)
    return polynomial(x * x, fma(c[2 * pair + 1], x, c[2 * pair])...);
  else
    return polynomial(x * x, fma(c[2 * pair + 1], x, c[2 * pair])..., c[n - 1]);
}

template <class T, class... Coefficients>
SALTUS_HD T polynomial(T x, Coefficients... coefficients) {
  constexpr std::size_t n = sizeof...(Coefficients);
  const T c[] = {coefficients...};
  if constexpr (n == 1)
    return c[0];
  else
    return polynomial_of_pairs(x, c, std::make_index_sequence<n / 2>{});
}

}  // namespace saltus::kernels::math
