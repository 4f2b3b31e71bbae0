#include "formula/interval.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <numbers>

namespace saltus::formula {
namespace {

constexpr Interval kLine = {-kInfinity, kInfinity};

/// Wider by more than the functions of the standard library are wrong by.
Interval widened(double low, double high) {
  if (std::isnan(low) || std::isnan(high)) return kLine;
  constexpr double kError = 0x1p-50;
  constexpr double kSmallest = 1e-300;
  constexpr double kLargest = std::numeric_limits<double>::max();
  low = std::min(low, kLargest);  // what overflowed may have been as small
  high = std::max(high, -kLargest);
  return {low - std::abs(low) * kError - (low == 0 ? 0 : kSmallest),
          high + std::abs(high) * kError + (high == 0 ? 0 : kSmallest)};
}

Interval hull(std::initializer_list<double> values) {
  double low = kInfinity;
  double high = -kInfinity;
  for (const double value : values) {
    if (std::isnan(value)) return kLine;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return widened(low, high);
}

/// 0 times infinity is 0: infinity stands for numbers without bound, none of which is infinite.
double times(double a, double b) {
  return a == 0 || b == 0 ? 0 : a * b;
}

bool contains_zero(Interval u) {
  return u.low <= 0 && u.high >= 0;
}

template <class Op>
Interval increasing(Interval u) {
  return widened(Op::f(u.low), Op::f(u.high));
}

/// What is left of an interval where a function has no other values.
Interval within(double low, double high, Interval u) {
  return {std::max(low, u.low), std::min(high, u.high)};
}

/// f(0) is the largest value, and f falls on both sides alike.
template <class Op>
Interval hill(Interval u) {
  const double top =
      contains_zero(u) ? Op::f(0.0) : Op::f(std::min(std::abs(u.low), std::abs(u.high)));
  const double bottom = Op::f(std::max(std::abs(u.low), std::abs(u.high)));
  return widened(std::max(0.0, bottom), top);
}

/// sin(u + shift), where sin is 1 at pi / 2 and -1 at -pi / 2 and whole turns further on.
Interval sine(Interval u, double shift) {
  constexpr double kTurn = 2 * std::numbers::pi;
  constexpr double kMargin = 1e-9;
  if (!(u.width() < kTurn) || std::abs(u.low) > 1e6) return {-1, 1};
  const auto has = [&](double angle) {
    const double turns = std::ceil((u.low + shift - angle - kMargin) / kTurn);
    return angle + turns * kTurn <= u.high + shift + kMargin;
  };
  const double a = std::sin(u.low + shift);
  const double b = std::sin(u.high + shift);
  const double low = has(-std::numbers::pi / 2) ? -1 : std::min(a, b) - 1e-12;
  const double high = has(std::numbers::pi / 2) ? 1 : std::max(a, b) + 1e-12;
  return {low, high};
}

Interval truth(bool always, bool never) {
  return {always ? 1.0 : 0.0, never ? 0.0 : 1.0};
}

Interval over(op::Negate, Interval u) {
  return {-u.high, -u.low};
}
Interval over(op::Abs, Interval u) {
  const double a = std::abs(u.low);
  const double b = std::abs(u.high);
  return {contains_zero(u) ? 0 : std::min(a, b), std::max(a, b)};
}
Interval over(op::Sqrt, Interval u) {
  return u.low < 0 ? kLine : increasing<op::Sqrt>(u);
}
Interval over(op::Log, Interval u) {
  return u.low < 0 ? kLine : increasing<op::Log>(u);
}
Interval over(op::Log1p, Interval u) {
  return u.low < -1 ? kLine : increasing<op::Log1p>(u);
}
Interval over(op::Exp, Interval u) {
  return within(0, kInfinity, increasing<op::Exp>(u));
}
Interval over(op::Sigmoid, Interval u) {
  return within(0, 1, increasing<op::Sigmoid>(u));
}
Interval over(op::Softplus, Interval u) {
  return within(0, kInfinity, increasing<op::Softplus>(u));
}
Interval over(op::NormalCdf, Interval u) {
  return within(0, 1, increasing<op::NormalCdf>(u));
}
Interval over(op::Tanh, Interval u) {
  return within(-1, 1, increasing<op::Tanh>(u));
}
Interval over(op::Erf, Interval u) {
  return within(-1, 1, increasing<op::Erf>(u));
}
Interval over(op::Erfc, Interval u) {
  return within(0, 2, widened(op::Erfc::f(u.high), op::Erfc::f(u.low)));
}
Interval over(op::Sign, Interval u) {
  return {op::Sign::f(u.low), op::Sign::f(u.high)};
}
Interval over(op::Floor, Interval u) {
  return {std::floor(u.low), std::floor(u.high)};
}
Interval over(op::Expm1, Interval u) {
  return increasing<op::Expm1>(u);
}
Interval over(op::Atan, Interval u) {
  return increasing<op::Atan>(u);
}
Interval over(op::Asinh, Interval u) {
  return increasing<op::Asinh>(u);
}
Interval over(op::Gaussian, Interval u) {
  return hill<op::Gaussian>(u);
}
Interval over(op::SechSquared, Interval u) {
  return hill<op::SechSquared>(u);
}
Interval over(op::SigmoidSlope, Interval u) {
  return hill<op::SigmoidSlope>(u);
}
Interval over(op::NormalDensity, Interval u) {
  return hill<op::NormalDensity>(u);
}
Interval over(op::Sin, Interval u) {
  return sine(u, 0);
}
Interval over(op::Cos, Interval u) {
  return sine(u, std::numbers::pi / 2);
}
Interval over(op::Add, Interval a, Interval b) {
  return widened(a.low + b.low, a.high + b.high);
}
Interval over(op::Subtract, Interval a, Interval b) {
  return widened(a.low - b.high, a.high - b.low);
}
Interval over(op::Multiply, Interval a, Interval b) {
  return hull(
      {times(a.low, b.low), times(a.low, b.high), times(a.high, b.low), times(a.high, b.high)});
}
Interval over(op::Divide, Interval a, Interval b) {
  if (contains_zero(b)) return kLine;
  return over(op::Multiply{}, a, widened(1 / b.high, 1 / b.low));
}
Interval over(op::Power, Interval a, Interval b) {
  if (a.low < 0) return kLine;
  return over(op::Exp{}, over(op::Multiply{}, b, over(op::Log{}, a)));
}
Interval over(op::Maximum, Interval a, Interval b) {
  return {std::max(a.low, b.low), std::max(a.high, b.high)};
}
Interval over(op::Minimum, Interval a, Interval b) {
  return {std::min(a.low, b.low), std::min(a.high, b.high)};
}
Interval over(op::Less, Interval a, Interval b) {
  return truth(a.high < b.low, a.low >= b.high);
}
Interval over(op::LessEqual, Interval a, Interval b) {
  return truth(a.high <= b.low, a.low > b.high);
}
Interval over(op::Equal, Interval a, Interval b) {
  return truth(a.low == a.high && b.low == b.high && a.low == b.low,
               a.high < b.low || a.low > b.high);
}
Interval over(op::Where, Interval condition, Interval a, Interval b) {
  if (!contains_zero(condition)) return a;
  if (condition.low == 0 && condition.high == 0) return b;
  return {std::min(a.low, b.low), std::max(a.high, b.high)};
}
Interval over(op::MultiplyAdd, Interval a, Interval b, Interval c) {
  return over(op::Add{}, over(op::Multiply{}, a, b), c);
}

template <class Op>
constexpr bool kSwitches =
    std::same_as<Op, op::Where> || std::same_as<Op, op::Sign> || std::same_as<Op, op::Floor>;

}  // namespace

IntervalEvaluator::IntervalEvaluator(const Graph& graph, std::span<const Id> roots)
    : graph_(graph), order_(graph.needed(roots)), values_(static_cast<std::size_t>(graph.size())) {}

void IntervalEvaluator::run(Interval x, const ParameterValues& parameters) {
  is_undecided_ = false;
  for (const Id id : order_) {
    const Node& node = graph_[id];
    const auto operand = [&](std::size_t i) { return (*this)[node.operands[i]]; };
    Interval result = kLine;
    if (node.kind == Kind::variable) {
      result = x;
    } else if (node.kind == Kind::constant) {
      result = {node.value, node.value};
    } else if (node.kind == Kind::parameter) {
      const double value{parameters[static_cast<std::size_t>(node.code)]};
      result = {value, value};
    } else if (node.kind == Kind::operation) {
      op::dispatch(node.code, [&]<class Op>() {
        if constexpr (kSwitches<Op>) {
          const Interval decides = over(op::Sign{}, operand(0));
          const bool floors = std::same_as<Op, op::Floor>;
          is_undecided_ |= floors ? std::floor(operand(0).low) != std::floor(operand(0).high)
                                  : decides.low != decides.high;
        }
        if constexpr (Op::kArity == 1)
          result = over(Op{}, operand(0));
        else if constexpr (Op::kArity == 2)
          result = over(Op{}, operand(0), operand(1));
        else
          result = over(Op{}, operand(0), operand(1), operand(2));
        // A square, unlike another product, is never negative.
        if constexpr (std::same_as<Op, op::Multiply>)
          if (node.operands[0] == node.operands[1]) result.low = std::max(0.0, result.low);
      });
    }
    if (std::isnan(result.low) || std::isnan(result.high)) result = kLine;
    values_[static_cast<std::size_t>(id)] = result;
  }
}

}  // namespace saltus::formula
