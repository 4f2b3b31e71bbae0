// What programs are made of: the operations of formulas, and what engine/src/formula/compensate.h
// adds to them.
#pragma once

#include <concepts>
#include <string_view>

#include <saltus/kernels/formula/operations.h>

namespace saltus::kernels::formula {

/// What rounding takes from a + b, a - b, and a b = hi.
struct SumRest : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return math::sum(a, b).lo;
  }
};
struct DifferenceRest : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b) {
    return math::sum(a, -b).lo;
  }
};
struct ProductRest : Ternary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b, T hi) {
    return math::fma(a, b, -hi);
  }
};

/// What rounding takes from log(u).
struct LogRest : Unary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T u) {
    return math::log_as_sum(u).lo;
  }
};

/// a - b quotient
struct Remainder : Ternary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T b, T quotient) {
    return math::fma(-quotient, b, a);
  }
};

/// Whether an operation takes its argument with what rounding took from that, too.
template <class Op>
concept TakesSum = requires(const math::Sum<float>& u) {
  Op::of_sum(u);
};

/// Op of hi + lo
template <class Op>
struct OfSum : Binary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T hi, T lo) {
    return Op::of_sum(math::Sum<T>{hi, lo});
  }
};

/// a^(hi + lo)
struct PowerOfSum : Ternary {
  static constexpr std::string_view kName = "";
  template <class T>
  SALTUS_HD static T f(T a, T hi, T lo) {
    return Power::of_sum(a, math::Sum<T>{hi, lo});
  }
};

namespace detail {

template <class... A, class... B>
constexpr auto joined(OperationTypes<A...>, OperationTypes<B...>) {
  return OperationTypes<A..., B...>{};
}
template <class... Op>
constexpr auto of_sums(OperationTypes<Op...>) {
  return OperationTypes<OfSum<Op>...>{};
}

template <class Op, class... All>
constexpr int code_of(OperationTypes<All...>) {
  int code = 0;
  (void)((std::same_as<Op, All> || (++code, false)) || ...);
  return code;
}

template <class Function, class... Op>
SALTUS_HD void dispatch(int code, Function& function, OperationTypes<Op...>) {
  int place = 0;
  (void)((place++ == code && (function.template operator()<Op>(), true)) || ...);
}

}  // namespace detail

/// The operations of formulas, in their places, and what there is beside them.
using ProgramOperations = decltype(detail::joined(
    detail::joined(
        Operations{},
        OperationTypes<SumRest, DifferenceRest, ProductRest, LogRest, Remainder, PowerOfSum>{}),
    detail::of_sums(OperationTypes<Exp, Expm1, Gaussian, Sigmoid, SigmoidSlope, Softplus,
                                   SechSquared, Erfc, NormalCdf, NormalDensity, Sin, Cos>{})));

/// The code of an operation.
template <class Op>
inline constexpr int kCode = detail::code_of<Op>(ProgramOperations{});

/// Calls function.template operator()<Op>() for the operation of a formula with that code.
template <class Function>
SALTUS_HD void dispatch(int code, Function&& function) {
  detail::dispatch(code, function, Operations{});
}
/// The same for one of a program.
template <class Function>
SALTUS_HD void dispatch_program(int code, Function&& function) {
  detail::dispatch(code, function, ProgramOperations{});
}

/// Op::f of the first of three arguments that it takes.
template <class Op, class T>
SALTUS_HD T apply(T a, T b, T c) {
  if constexpr (Op::kArity == 1)
    return Op::f(a);
  else if constexpr (Op::kArity == 2)
    return Op::f(a, b);
  else
    return Op::f(a, b, c);
}

}  // namespace saltus::kernels::formula
