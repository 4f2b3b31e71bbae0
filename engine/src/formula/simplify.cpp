// What becomes simpler or exacter when it is written in another way. Each rule holds for all
// numbers for which both sides are defined.
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <optional>
#include <vector>

#include "formula/graph.h"

namespace saltus::formula {
namespace {

/// A graph with short words for its rules.
class Rules {
 public:
  explicit Rules(Graph& graph) : graph_(graph) {}

  // The rules of an operation; kNone where none applies.
  Id rule(op::Negate, Id u);
  Id rule(op::Add, Id a, Id b);
  Id rule(op::Subtract, Id a, Id b);
  Id rule(op::Multiply, Id a, Id b);
  Id rule(op::Divide, Id a, Id b);
  Id rule(op::Power, Id a, Id b);
  Id rule(op::Exp, Id u);
  Id rule(op::Expm1, Id u);
  Id rule(op::Log, Id u);
  Id rule(op::Log1p, Id u);
  Id rule(op::Sqrt, Id u);
  Id rule(op::Abs, Id u);
  Id rule(op::Erfc, Id u);
  Id rule(op::Maximum, Id a, Id b) { return extreme<op::Maximum>(a, b); }
  Id rule(op::Minimum, Id a, Id b) { return extreme<op::Minimum>(a, b); }
  Id rule(op::Less, Id a, Id b) { return a == b ? number(0) : kNone; }
  Id rule(op::LessEqual, Id a, Id b) { return a == b ? number(1) : kNone; }
  Id rule(op::Equal, Id a, Id b) { return a == b ? number(1) : kNone; }
  Id rule(op::Where, Id condition, Id a, Id b) {
    if (const auto known = value(condition)) return *known != 0 ? a : b;
    return a == b ? a : kNone;
  }
  Id rule(op::Tanh, Id u) { return odd<op::Tanh>(u); }
  Id rule(op::Erf, Id u) { return odd<op::Erf>(u); }
  Id rule(op::Sin, Id u) { return odd<op::Sin>(u); }
  Id rule(op::Atan, Id u) { return odd<op::Atan>(u); }
  Id rule(op::Asinh, Id u) { return odd<op::Asinh>(u); }
  Id rule(op::Sign, Id u) { return odd<op::Sign>(u); }
  Id rule(op::Cos, Id u) { return even<op::Cos>(u); }
  Id rule(op::Gaussian, Id u) { return even<op::Gaussian>(u); }
  Id rule(op::SechSquared, Id u) { return even<op::SechSquared>(u); }
  Id rule(op::SigmoidSlope, Id u) { return even<op::SigmoidSlope>(u); }
  Id rule(op::NormalDensity, Id u) { return even<op::NormalDensity>(u); }
  template <class Op, class... Operands>
  Id rule(Op, Operands...) {
    return kNone;
  }

 private:
  const Node& at(Id id) const { return graph_[id]; }
  template <class Op>
  bool is(Id id) const {
    return at(id).is<Op>();
  }
  Id first(Id id) const { return at(id).operands[0]; }
  Id second(Id id) const { return at(id).operands[1]; }

  std::optional<double> value(Id id) const {
    if (at(id).kind != Kind::constant) return std::nullopt;
    return at(id).value;
  }
  bool is(Id id, double wanted) const { return value(id) == wanted; }
  Id number(double value) { return graph_.constant(value); }

  Id negate(Id u) { return graph_.make<op::Negate>(u); }
  Id add(Id a, Id b) { return graph_.make<op::Add>(a, b); }
  Id subtract(Id a, Id b) { return graph_.make<op::Subtract>(a, b); }
  Id multiply(Id a, Id b) { return graph_.make<op::Multiply>(a, b); }
  Id divide(Id a, Id b) { return graph_.make<op::Divide>(a, b); }
  template <class Op>
  Id of(Id u) {
    return graph_.make<Op>(u);
  }
  /// Without rules, for what has its last form.
  template <class Op>
  Id keep(Id a, Id b) {
    return graph_.add({.kind = Kind::operation, .code = op::kCode<Op>, .operands = {a, b, kNone}});
  }

  /// u of "1 + exp(u)"
  std::optional<Id> exponent_above_one(Id id) const {
    if (is<op::Add>(id) && is(second(id), 1) && is<op::Exp>(first(id))) return first(first(id));
    return std::nullopt;
  }
  bool is_square_of_tanh(Id id) const {
    return is<op::Multiply>(id) && first(id) == second(id) && is<op::Tanh>(first(id));
  }
  bool is_negative_multiple(Id id) const {
    if (!is<op::Multiply>(id)) return false;
    const auto factor = value(first(id));
    return factor && *factor < 0;
  }
  /// Whether it is above 0 whatever x and the parameters are.
  bool is_positive(Id id) const {
    if (const auto known = value(id)) return *known > 0;
    if (is<op::Multiply>(id) || is<op::Add>(id))
      return is_positive(first(id)) && is_positive(second(id));
    return is<op::Exp>(id) || is<op::Sigmoid>(id) || is<op::Softplus>(id) || is<op::Gaussian>(id);
  }
  bool is_not_negative(Id id) const {
    return is_positive(id) || is<op::Sqrt>(id) || is<op::Abs>(id) ||
           (is<op::Multiply>(id) && first(id) == second(id));
  }

  /// u of "sqrt(u + 1)"
  std::optional<Id> radicand_above_one(Id id) const {
    if (is<op::Sqrt>(id) && is<op::Add>(first(id)) && is(second(first(id)), 1))
      return first(first(id));
    return std::nullopt;
  }
  /// The factors of a product, numbers left out.
  void put_factors(Id id, std::vector<Id>& factors) const {
    if (is<op::Multiply>(id)) {
      put_factors(first(id), factors);
      put_factors(second(id), factors);
    } else if (!value(id)) {
      factors.push_back(id);
    }
  }
  /// Whether both are multiples of the same.
  bool are_like(Id a, Id b) const {
    std::array<std::vector<Id>, 2> factors;
    put_factors(a, factors[0]);
    put_factors(b, factors[1]);
    for (std::vector<Id>& some : factors) std::ranges::sort(some);
    return factors[0] == factors[1];
  }
  /// The number that stands before a product.
  double coefficient(Id id) const {
    return is<op::Multiply>(id) && value(first(id)) ? *value(first(id)) : 1;
  }
  /// Whether both are the same product, in whatever order.
  bool are_equal(Id a, Id b) const {
    return a == b || (are_like(a, b) && coefficient(a) == coefficient(b));
  }
  /// A product without one of its factors.
  Id without(Id product, Id factor) {
    if (product == factor) return number(1);
    const Id a = first(product);
    const Id b = second(product);
    std::vector<Id> factors;
    put_factors(a, factors);
    if (std::ranges::find(factors, factor) != factors.end()) return multiply(without(a, factor), b);
    return multiply(a, without(b, factor));
  }
  std::optional<Id> common_factor(Id a, Id b) const {
    std::vector<Id> of_a;
    std::vector<Id> of_b;
    put_factors(a, of_a);
    put_factors(b, of_b);
    for (const Id factor : of_a)
      if (std::ranges::find(of_b, factor) != of_b.end()) return factor;
    return std::nullopt;
  }

  template <class Op>
  Id odd(Id u) {
    if (is<op::Negate>(u)) return negate(of<Op>(first(u)));
    if (is_negative_multiple(u)) return negate(of<Op>(negate(u)));
    return kNone;
  }
  template <class Op>
  Id even(Id u) {
    if (is<op::Negate>(u) || is<op::Abs>(u)) return of<Op>(first(u));
    if (is_negative_multiple(u)) return of<Op>(negate(u));
    return kNone;
  }
  template <class Op>
  Id extreme(Id a, Id b) {
    if (a == b) return a;
    // At a tie the slope is the second one's: 0 for max(x, 0), however it is written.
    return value(a) ? graph_.make<Op>(b, a) : kNone;
  }

  Id whole_power(Id base, std::uint64_t exponent);

  Graph& graph_;
};

Id Rules::rule(op::Negate, Id u) {
  if (is<op::Negate>(u)) return first(u);
  if (is<op::Subtract>(u)) return subtract(second(u), first(u));
  if (is<op::Multiply>(u) && value(first(u))) return multiply(number(-*value(first(u))), second(u));
  if (is<op::Divide>(u) && value(first(u))) return divide(number(-*value(first(u))), second(u));
  if (is<op::Add>(u) && value(second(u))) return subtract(number(-*value(second(u))), first(u));
  return kNone;
}

Id Rules::rule(op::Add, Id a, Id b) {
  if (value(a)) std::swap(a, b);
  if (const auto known = value(b)) {
    if (*known == 0) return a;
    if (is<op::Negate>(a)) return subtract(b, first(a));
    if (is<op::Add>(a) && value(second(a)))
      return add(first(a), number(*value(second(a)) + *known));
    if (is<op::Subtract>(a) && value(first(a)))
      return subtract(number(*value(first(a)) + *known), second(a));
    if (*known == -1 && is<op::Exp>(a)) return of<op::Expm1>(first(a));
    if (const auto u = radicand_above_one(a); u && *known == -1)
      return divide(*u, add(a, number(1)));
    if (*known == 1 && is<op::Expm1>(a)) return of<op::Exp>(first(a));
    if (*known == 1 && is<op::Tanh>(a))
      return multiply(number(2), of<op::Sigmoid>(multiply(number(2), first(a))));
    if (*known == 1 && is<op::Erf>(a)) return of<op::Erfc>(negate(first(a)));
    return keep<op::Add>(a, b);
  }
  if (is<op::Negate>(b)) return subtract(a, first(b));
  if (is<op::Negate>(a)) return subtract(b, first(a));
  if (is<op::Subtract>(a) && are_equal(second(a), b)) return first(a);
  if (is<op::Subtract>(b) && are_equal(second(b), a)) return first(b);
  if (const auto factor = common_factor(a, b))
    return multiply(*factor, add(without(a, *factor), without(b, *factor)));
  if (is_negative_multiple(b)) return subtract(a, negate(b));
  return keep<op::Add>(std::min(a, b), std::max(a, b));
}

Id Rules::rule(op::Subtract, Id a, Id b) {
  if (a == b) return number(0);
  if (const auto known = value(b)) return add(a, number(-*known));
  if (is(a, 0)) return negate(b);
  if (is<op::Add>(a) && are_equal(first(a), b)) return second(a);
  if (is<op::Add>(a) && are_equal(second(a), b)) return first(a);
  if (is<op::Subtract>(a) && are_equal(first(a), b)) return negate(second(a));
  if (is<op::Subtract>(a) && are_like(second(a), b)) return subtract(first(a), add(second(a), b));
  if (is<op::Negate>(b)) return add(a, first(b));
  if (is<op::Negate>(a)) return negate(add(first(a), b));
  if (is_negative_multiple(b)) return add(a, negate(b));
  if (const auto known = value(a)) {
    if (is<op::Add>(b) && value(second(b)))
      return subtract(number(*known - *value(second(b))), first(b));
    if (is<op::Subtract>(b) && value(first(b)))
      return add(second(b), number(*known - *value(first(b))));
    if (*known != 1) return kNone;
    if (is<op::Sigmoid>(b)) return of<op::Sigmoid>(negate(first(b)));
    if (is<op::Tanh>(b))
      return multiply(number(2), of<op::Sigmoid>(multiply(number(-2), first(b))));
    if (is<op::NormalCdf>(b)) return of<op::NormalCdf>(negate(first(b)));
    if (is<op::Erf>(b)) return of<op::Erfc>(first(b));
    if (is<op::Erfc>(b)) return of<op::Erf>(first(b));
    if (is<op::Exp>(b)) return negate(of<op::Expm1>(first(b)));
    if (is_square_of_tanh(b)) return of<op::SechSquared>(first(first(b)));
    if (is<op::SechSquared>(b)) {
      const Id tanh = of<op::Tanh>(first(b));
      return multiply(tanh, tanh);
    }
    return kNone;
  }
  if (const auto factor = common_factor(a, b))
    return multiply(*factor, subtract(without(a, *factor), without(b, *factor)));
  return kNone;
}

Id Rules::rule(op::Multiply, Id a, Id b) {
  if (value(b)) std::swap(a, b);
  if (const auto known = value(a)) {
    if (*known == 0) return number(0);
    if (*known == 1) return b;
    if (*known == -1) return negate(b);
    if (is<op::Negate>(b)) return multiply(number(-*known), first(b));
    if (is<op::Multiply>(b) && value(first(b)))
      return multiply(number(*known * *value(first(b))), second(b));
    if (is<op::Divide>(b) && value(first(b)))
      return divide(number(*known * *value(first(b))), second(b));
    return keep<op::Multiply>(a, b);
  }
  if (is<op::Negate>(a)) return negate(multiply(first(a), b));
  if (is<op::Negate>(b)) return negate(multiply(a, first(b)));
  for (const auto& [one, other] : {std::pair(a, b), std::pair(b, a)}) {
    if (is<op::Multiply>(one) && value(first(one)))
      return multiply(first(one), multiply(second(one), other));
    if (is<op::Divide>(one) && value(first(one)))
      return divide(multiply(first(one), other), second(one));
  }
  if (is<op::Exp>(a) && is<op::Exp>(b)) return of<op::Exp>(add(first(a), first(b)));
  if (is<op::Sigmoid>(a) && is<op::Sigmoid>(b) && first(a) == negate(first(b)))
    return of<op::SigmoidSlope>(first(a));
  if (a == b && is<op::Sqrt>(a)) return first(a);
  if (is<op::Sign>(a) && first(a) == b) return of<op::Abs>(b);
  if (is<op::Sign>(b) && first(b) == a) return of<op::Abs>(a);
  if (a == b && is<op::Abs>(a)) return multiply(first(a), first(a));
  return keep<op::Multiply>(std::min(a, b), std::max(a, b));
}

Id Rules::rule(op::Divide, Id a, Id b) {
  if (a == b) return number(1);
  if (is(a, 0)) return number(0);
  if (const auto known = value(b)) {
    if (*known == 0) return kNone;
    return multiply(number(1 / *known), a);
  }
  if (is<op::Negate>(a)) return negate(divide(first(a), b));
  if (is<op::Negate>(b)) return negate(divide(a, first(b)));
  if (is<op::Exp>(b)) return multiply(a, of<op::Exp>(negate(first(b))));
  if (is<op::Divide>(b)) return divide(multiply(a, second(b)), first(b));
  if (is<op::Multiply>(b)) {
    if (const auto known = value(first(b)))
      return divide(multiply(number(1 / *known), a), second(b));
    if (exponent_above_one(first(b)) || exponent_above_one(second(b)))
      return divide(divide(a, first(b)), second(b));
  }
  if (is<op::Multiply>(a) && value(first(a))) return multiply(first(a), divide(second(a), b));
  if (const auto u = exponent_above_one(b)) {
    if (is<op::Expm1>(a) && first(a) == *u) return of<op::Tanh>(multiply(number(0.5), *u));
    std::vector<Id> factors;
    put_factors(a, factors);
    const Id exponential = of<op::Exp>(*u);
    if (std::ranges::find(factors, exponential) != factors.end())
      return multiply(without(a, exponential), of<op::Sigmoid>(*u));
    return multiply(a, of<op::Sigmoid>(negate(*u)));
  }
  if (is<op::Subtract>(a) && is<op::Add>(b) && is<op::Exp>(first(a))) {
    const Id u = first(first(a));
    const bool is_tanh = second(a) == of<op::Exp>(negate(u)) && b == add(first(a), second(a));
    if (is_tanh) return of<op::Tanh>(u);
  }
  return kNone;
}

Id Rules::whole_power(Id base, std::uint64_t exponent) {
  if (exponent == 1) return base;
  const Id half = whole_power(base, exponent / 2);
  const Id square = multiply(half, half);
  return exponent % 2 == 0 ? square : multiply(base, square);
}

Id Rules::rule(op::Power, Id a, Id b) {
  constexpr double kMost = 64;
  if (const auto known = value(b)) {
    const double size = std::abs(*known);
    if (size == 0) return number(1);
    if (*known < 0 && size <= kMost)
      return divide(number(1), graph_.make<op::Power>(a, number(size)));
    if (size <= kMost && 2 * size == std::floor(2 * size)) {
      const double whole = std::floor(size);
      const Id power = whole == 0 ? number(1) : whole_power(a, static_cast<std::uint64_t>(whole));
      return whole == size ? power : multiply(power, of<op::Sqrt>(a));
    }
  }
  if (is(a, std::numbers::e)) return of<op::Exp>(b);
  if (is_positive(a)) return of<op::Exp>(multiply(b, of<op::Log>(a)));
  return kNone;
}

Id Rules::rule(op::Exp, Id u) {
  if (is<op::Log>(u)) return first(u);
  if (!is<op::Negate>(u)) return kNone;
  const Id v = first(u);
  if (is<op::Multiply>(v) && first(v) == second(v)) return of<op::Gaussian>(first(v));
  if (is<op::Softplus>(v)) return of<op::Sigmoid>(negate(first(v)));
  return kNone;
}

Id Rules::rule(op::Expm1, Id u) {
  return is<op::Log1p>(u) ? first(u) : kNone;
}

Id Rules::rule(op::Log, Id u) {
  if (is<op::Exp>(u)) return first(u);
  if (is<op::Sigmoid>(u)) return negate(of<op::Softplus>(negate(first(u))));
  if (is<op::Sqrt>(u)) return multiply(number(0.5), of<op::Log>(first(u)));
  if (is<op::Multiply>(u) && is_positive(first(u)) && is_positive(second(u)))
    return add(of<op::Log>(first(u)), of<op::Log>(second(u)));
  if (!is<op::Add>(u)) return kNone;
  if (is(second(u), 1)) return of<op::Log1p>(first(u));
  if (is<op::Exp>(first(u)) && is<op::Exp>(second(u))) {
    const Id v = first(first(u));
    return add(v, of<op::Softplus>(subtract(first(second(u)), v)));
  }
  return kNone;
}

Id Rules::rule(op::Log1p, Id u) {
  if (is<op::Exp>(u)) return of<op::Softplus>(first(u));
  if (is<op::Expm1>(u)) return first(u);
  if (is<op::Negate>(u) && is<op::Sigmoid>(first(u)))
    return negate(of<op::Softplus>(first(first(u))));
  return kNone;
}

Id Rules::rule(op::Sqrt, Id u) {
  if (is<op::Exp>(u)) return of<op::Exp>(multiply(number(0.5), first(u)));
  if (is<op::Multiply>(u) && first(u) == second(u)) return of<op::Abs>(first(u));
  return kNone;
}

Id Rules::rule(op::Abs, Id u) {
  if (is<op::Negate>(u)) return of<op::Abs>(first(u));
  if (is_not_negative(u)) return u;
  if (is<op::Multiply>(u) && value(first(u)))
    return multiply(number(std::abs(*value(first(u)))), of<op::Abs>(second(u)));
  return kNone;
}

Id Rules::rule(op::Erfc, Id u) {
  // erfc(z / sqrt(2)) = 2 Phi(-z), whose tail keeps its digits.
  if (!is<op::Multiply>(u) || !value(first(u))) return kNone;
  const double scale = *value(first(u)) * std::numbers::sqrt2;
  if (std::abs(std::abs(scale) - 1) > 1e-14) return kNone;
  const Id z = second(u);
  return multiply(number(2), of<op::NormalCdf>(scale < 0 ? z : negate(z)));
}

template <class Op>
Id by_rule(Graph& graph, const std::array<Id, 3>& operands) {
  Rules rules(graph);
  const auto [a, b, c] = operands;
  if constexpr (Op::kArity == 1)
    return rules.rule(Op{}, a);
  else if constexpr (Op::kArity == 2)
    return rules.rule(Op{}, a, b);
  else
    return rules.rule(Op{}, a, b, c);
}

}  // namespace

Id simplified(Graph& graph, int code, std::array<Id, 3> operands) {
  const Node node{.kind = Kind::operation, .code = code, .operands = operands};
  Id result = kNone;
  op::dispatch(code, [&]<class Op>() {
    bool is_constant = true;
    std::array<double, 3> values{};
    for (std::size_t i = 0; i < Op::kArity; ++i) {
      is_constant = is_constant && graph[operands[i]].kind == Kind::constant;
      values[i] = graph[operands[i]].value;
    }
    result = is_constant ? graph.constant(op::apply<Op>(values[0], values[1], values[2]))
                         : by_rule<Op>(graph, operands);
  });
  return result != kNone ? result : graph.add(node);
}

}  // namespace saltus::formula
