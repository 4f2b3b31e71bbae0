#include "store/onnx_formula.h"

#include <array>
#include <cstddef>
#include <map>
#include <numbers>

#include "formula/listed.h"
#include "store/onnx_math.h"

namespace saltus::store {
namespace {

using formula::Id;
using formula::Kind;
namespace op = formula::op;

class Exporter {
 public:
  Exporter(const formula::Graph& graph, std::span<const Expression> parameters, Expression x)
      : graph_(graph), parameters_(parameters), x_(std::move(x)) {}

  /// A comparison is 1 or 0 where a number is wanted.
  Expression number(Id id) {
    if (is_comparison(id)) return where(condition(id), 1, 0);
    const auto known = known_.find(id);
    if (known != known_.end()) return known->second;
    Expression result = make(graph_[id]);
    known_.emplace(id, result);
    return result;
  }

 private:
  bool is_comparison(Id id) const {
    const formula::Node& node = graph_[id];
    return node.is<op::Less>() || node.is<op::LessEqual>() || node.is<op::Equal>();
  }

  Expression condition(Id id) {
    if (!is_comparison(id)) return apply("Not", {number(id) == 0});
    const formula::Node& node = graph_[id];
    const Expression a = number(node.operands[0]);
    const Expression b = number(node.operands[1]);
    return node.is<op::Less>() ? b > a : node.is<op::LessEqual>() ? a <= b : a == b;
  }

  Expression make(const formula::Node& node) {
    switch (node.kind) {
      case Kind::constant:
        return node.value;
      case Kind::variable:
        return x_;
      case Kind::parameter:
        return parameters_[static_cast<std::size_t>(node.code)];
      case Kind::listed:
      case Kind::listed_slope: {
        const auto& f = graph_.listed()[static_cast<std::size_t>(node.code)];
        return onnx_listed(f, number(node.operands[0]));
      }
      case Kind::operation:
        break;
    }
    Expression result = 0;
    op::dispatch(node.code, [&]<class Op>() {
      if constexpr (Op::kArity == 1)
        result = of(Op{}, number(node.operands[0]));
      else if constexpr (std::same_as<Op, op::Where>)
        result =
            where(condition(node.operands[0]), number(node.operands[1]), number(node.operands[2]));
      else if constexpr (Op::kArity == 2)
        result = of(Op{}, number(node.operands[0]), number(node.operands[1]));
      else
        result = number(node.operands[0]) * number(node.operands[1]) + number(node.operands[2]);
    });
    return result;
  }

  using X = const Expression&;
  static Expression of(op::Negate, X u) { return -u; }
  static Expression of(op::Abs, X u) { return abs(u); }
  static Expression of(op::Sign, X u) { return sign(u); }
  static Expression of(op::Floor, X u) { return floor(u); }
  static Expression of(op::Sqrt, X u) { return sqrt(u); }
  static Expression of(op::Exp, X u) { return exp(u); }
  static Expression of(op::Expm1, X u) { return expm1(u); }
  static Expression of(op::Gaussian, X u) { return exp(-square(u)); }
  static Expression of(op::Log, X u) { return log(u); }
  static Expression of(op::Log1p, X u) { return log1p(u); }
  static Expression of(op::Sigmoid, X u) { return sigmoid(u); }
  static Expression of(op::SigmoidSlope, X u) { return sigmoid(u) * sigmoid(-u); }
  static Expression of(op::Softplus, X u) { return softplus(u); }
  static Expression of(op::Tanh, X u) { return tanh(u); }
  static Expression of(op::SechSquared, X u) { return 4 * sigmoid(2 * u) * sigmoid(-2 * u); }
  static Expression of(op::Erf, X u) { return erf(u); }
  static Expression of(op::Erfc, X u) { return 1 - erf(u); }
  static Expression of(op::NormalCdf, X u) { return 0.5 * (1 + erf(std::numbers::sqrt2 / 2 * u)); }
  static Expression of(op::NormalDensity, X u) {
    return std::numbers::inv_sqrtpi / std::numbers::sqrt2 * exp(-0.5 * square(u));
  }
  static Expression of(op::Sin, X u) { return sin(u); }
  static Expression of(op::Cos, X u) { return cos(u); }
  static Expression of(op::Atan, X u) { return atan(u); }
  static Expression of(op::Asinh, X u) { return asinh(u); }
  static Expression of(op::Add, X a, X b) { return a + b; }
  static Expression of(op::Subtract, X a, X b) { return a - b; }
  static Expression of(op::Multiply, X a, X b) { return a * b; }
  static Expression of(op::Divide, X a, X b) { return a / b; }
  static Expression of(op::Power, X a, X b) { return apply("Pow", {a, b}); }
  static Expression of(op::Maximum, X a, X b) { return max(a, b); }
  static Expression of(op::Minimum, X a, X b) { return min(a, b); }
  static Expression of(op::Less, X a, X b) { return where(b > a, 1, 0); }
  static Expression of(op::LessEqual, X a, X b) { return where(a <= b, 1, 0); }
  static Expression of(op::Equal, X a, X b) { return where(a == b, 1, 0); }

  const formula::Graph& graph_;
  std::span<const Expression> parameters_;
  Expression x_;
  std::map<Id, Expression> known_;
};

}  // namespace

Expression onnx_formula(const formula::Graph& graph, formula::Id root,
                        std::span<const Expression> parameters, const Expression& x) {
  return Exporter(graph, parameters, x).number(root);
}

}  // namespace saltus::store
