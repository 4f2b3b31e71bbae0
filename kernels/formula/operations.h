// What formulas are made of: one struct for each operation, for every type that kernels/math.h
// serves. The name is what a formula calls it; operations without one are written with operators,
// or come up when a formula is simplified.
#pragma once

#include <concepts>
#include <string_view>
#include <tuple>

#include <saltus/kernels/math.h>
#include <saltus/kernels/math/logarithm.h>

namespace saltus::kernels::formula {

struct Unary {
  static constexpr int kArity = 1;
};
struct Binary {
  static constexpr int kArity = 2;
};
struct Ternary {
  static constexpr int kArity = 3;
};

struct Negate : Unary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T u) {
    return -u;
  }
};

struct Abs : Unary {
  static constexpr std::string_view kName = "abs";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::abs(u);
  }
};

/// -1, 0 or 1
struct Sign : Unary {
  static constexpr std::string_view kName = "sign";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::unless_nan(u, u > T(0) ? T(1) : u < T(0) ? T(-1) : T(0));
  }
};

struct Floor : Unary {
  static constexpr std::string_view kName = "floor";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::floor(u);
  }
};

struct Sqrt : Unary {
  static constexpr std::string_view kName = "sqrt";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::sqrt(u);
  }
};

struct Exp : Unary {
  static constexpr std::string_view kName = "exp";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::exp(u);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    return math::exp(u);
  }
};

struct Expm1 : Unary {
  static constexpr std::string_view kName = "expm1";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::expm1(u);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    return math::expm1(u);
  }
};

/// exp(-u^2)
struct Gaussian : Unary {
  static constexpr std::string_view kName = "gaussian";
  template <class T>
  SALTUS_HD static T f(T u) {
    const T cut = math::at_most(math::abs(u), T(0x1p60));
    return math::exp_of_negative(-math::product(cut, cut));
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    const bool is_far = math::abs(u.hi) > T(0x1p60);
    const math::Sum<T> square = math::product(is_far ? T(0x1p60) : u.hi, is_far ? T(0x1p60) : u.hi);
    const T rest = square.lo + T(2) * (is_far ? T(0) : u.hi * u.lo);
    return math::exp_of_negative(math::Sum<T>{-square.hi, -rest});
  }
};

struct Log : Unary {
  static constexpr std::string_view kName = "log";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::log(u);
  }
};

/// log(1 + u)
struct Log1p : Unary {
  static constexpr std::string_view kName = "log1p";
  template <class T>
  SALTUS_HD static T f(T u) {
    if constexpr (math::is_float<T>) {
      const float inside = math::log1p(math::at_least(u, -1.0f + 0x1p-24f));
      return u > -1.0f ? inside : math::log(1.0f + u);
    } else {
      return math::log1p(u);
    }
  }
};

struct Sigmoid : Unary {
  static constexpr std::string_view kName = "sigmoid";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::sigmoid(u);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    const auto s = math::logistic(u);
    return s.a / s.b;
  }
};

/// sigmoid(u) sigmoid(-u), the derivative of the sigmoid
struct SigmoidSlope : Unary {
  static constexpr std::string_view kName = "sigmoid_slope";
  template <class T>
  SALTUS_HD static T f(T u) {
    const auto s = math::logistic(u);
    return s.e / (s.b * s.b);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    const auto s = math::logistic(u);
    return s.e / (s.b * s.b);
  }
};

struct Softplus : Unary {
  static constexpr std::string_view kName = "softplus";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::softplus(u);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    return math::softplus(u);
  }
};

struct Tanh : Unary {
  static constexpr std::string_view kName = "tanh";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::tanh(u);
  }
};

/// 1 - tanh(u)^2, the derivative of tanh
struct SechSquared : Unary {
  static constexpr std::string_view kName = "sech_squared";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::sech_squared(u);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    return math::sech_squared(u);
  }
};

struct Erf : Unary {
  static constexpr std::string_view kName = "erf";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::erf(u);
  }
};

struct Erfc : Unary {
  static constexpr std::string_view kName = "erfc";
  template <class T>
  SALTUS_HD static T f(T u) {
    if constexpr (math::is_float<T>) {
      const float tail = 2.0f * math::normal_tail(math::product_with_constant(kRootTwo, u)).upper;
      return u < 0.0f ? 2.0f - tail : tail;
    } else {
      using std::erfc;
      return erfc(u);
    }
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    math::Sum<T> z = math::product_with_constant(kRootTwo, u.hi);
    z.lo = z.lo + static_cast<T>(kRootTwo) * u.lo;
    const T tail = T(2) * math::normal_tail(z).upper;
    return u.hi < T(0) ? T(2) - tail : tail;
  }

 private:
  static constexpr double kRootTwo = 1.4142135623730950488;
};

/// The distribution function of the standard normal distribution
struct NormalCdf : Unary {
  static constexpr std::string_view kName = "normal_cdf";
  template <class T>
  SALTUS_HD static T f(T u) {
    const T tail = math::normal_tail(u).upper;
    return u < T(0) ? tail : T(1) - tail;
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    const T tail = math::normal_tail(u).upper;
    return u.hi < T(0) ? tail : T(1) - tail;
  }
};

/// exp(-u^2 / 2) / sqrt(2 pi), the derivative of normal_cdf
struct NormalDensity : Unary {
  static constexpr std::string_view kName = "normal_density";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::normal_tail(u).density;
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    return math::normal_tail(u).density;
  }
};

struct Sin : Unary {
  static constexpr std::string_view kName = "sin";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::sin(u);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    return math::sincos(u).sin;
  }
};

struct Cos : Unary {
  static constexpr std::string_view kName = "cos";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::cos(u);
  }
  template <class T>
  SALTUS_HD static T of_sum(math::Sum<T> u) {
    return math::sincos(u).cos;
  }
};

struct Atan : Unary {
  static constexpr std::string_view kName = "atan";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::atan(u);
  }
};

struct Asinh : Unary {
  static constexpr std::string_view kName = "asinh";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::asinh(u);
  }
};

struct Add : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a + b;
  }
};

struct Subtract : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a - b;
  }
};

struct Multiply : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a * b;
  }
};

struct Divide : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a / b;
  }
};

/// a^b; of a negative a only whole powers are numbers. Constant whole powers are products before it
/// comes to this.
struct Power : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return of_sum(a, math::Sum<T>{b, T(0)});
  }
  template <class T>
  SALTUS_HD static T of_sum(T a, math::Sum<T> exponent) {
    const T b = exponent.hi;
    const T size = math::power_of_positive(math::abs(a), exponent);
    const T half = T(0.5) * b;
    const bool is_whole = math::floor(b) == b;
    const bool is_odd = is_whole && math::floor(half) != half;
    const T of_negative = is_odd ? -size : is_whole ? size : math::sqrt(T(-1));
    const T of_zero = b > T(0) ? T(0) : T(math::kInfinity);
    return b == T(0) ? T(1) : a == T(0) ? of_zero : a < T(0) ? of_negative : size;
  }
};

/// NaN if one of the two is.
struct Maximum : Binary {
  static constexpr std::string_view kName = "max";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a > b || a != a ? a : b;
  }
};

struct Minimum : Binary {
  static constexpr std::string_view kName = "min";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a < b || a != a ? a : b;
  }
};

/// Comparisons are 1 where they hold, else 0.
struct Less : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a < b ? T(1) : T(0);
  }
};

struct LessEqual : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a <= b ? T(1) : T(0);
  }
};

struct Equal : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return a == b ? T(1) : T(0);
  }
};

/// The second where the first is not 0, else the third.
struct Where : Ternary {
  static constexpr std::string_view kName = "where";
  template <class T>
  SALTUS_HD static T f(T condition, T a, T b) {
    return condition != T(0) ? a : b;
  }
};

/// a b + c with one rounding
struct MultiplyAdd : Ternary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b, T c) {
    return math::fma(a, b, c);
  }
};

template <class... Op>
struct OperationTypes {
  static constexpr int size = sizeof...(Op);
};

/// What formulas are made of. An operation's code is its place here; codes never leave memory.
using Operations =
    OperationTypes<Negate, Abs, Sign, Floor, Sqrt, Exp, Expm1, Gaussian, Log, Log1p, Sigmoid,
                   SigmoidSlope, Softplus, Tanh, SechSquared, Erf, Erfc, NormalCdf, NormalDensity,
                   Sin, Cos, Atan, Asinh, Add, Subtract, Multiply, Divide, Power, Maximum, Minimum,
                   Less, LessEqual, Equal, Where, MultiplyAdd>;

}  // namespace saltus::kernels::formula
