#include <map>
#include <numbers>
#include <stdexcept>
#include <type_traits>

#include "formula/graph.h"

namespace saltus::formula {
namespace {

/// Rules of differentiation. `self` is the node that is differentiated, whose value may serve.
class Differentiation {
 public:
  Differentiation(Graph& graph, Id by) : graph_(graph), by_(by) {}

  Id of(Id id) {
    const auto known = known_.find(id);
    if (known != known_.end()) return known->second;
    const Id result = make(id);
    known_.emplace(id, result);
    return result;
  }

 private:
  Id make(Id id) {
    if (id == by_) return number(1);
    const Node node = graph_[id];
    const Id a = node.operands[0];
    const Id b = node.operands[1];
    const Id c = node.operands[2];
    Id result = number(0);
    if (node.kind == Kind::listed_slope)
      throw std::logic_error("the list has no second derivatives");
    if (node.kind == Kind::listed) {
      const auto& f = graph_.listed()[static_cast<std::size_t>(node.code)];
      result = multiply(graph_.listed_slope(kernels::ActivationRef(f), a), of(a));
    } else if (node.kind == Kind::operation) {
      op::dispatch(node.code, [&]<class Op>() {
        if constexpr (Op::kArity == 1) {
          const Id inner = of(a);
          result = is_zero(inner) ? inner : multiply(slope(Op{}, a, id), inner);
        } else if constexpr (Op::kArity == 2) {
          result = rule(Op{}, a, b, id);
        } else {
          result = rule(Op{}, a, b, c);
        }
      });
    }
    return result;
  }

  // Derivatives of functions of one argument.
  Id slope(op::Negate, Id, Id) { return number(-1); }
  Id slope(op::Abs, Id u, Id) { return make<op::Sign>(u); }
  Id slope(op::Sign, Id, Id) { return number(0); }
  Id slope(op::Floor, Id, Id) { return number(0); }
  Id slope(op::Sqrt, Id, Id self) { return divide(number(0.5), self); }
  Id slope(op::Exp, Id, Id self) { return self; }
  Id slope(op::Expm1, Id u, Id) { return make<op::Exp>(u); }
  Id slope(op::Gaussian, Id u, Id self) { return multiply(number(-2), multiply(u, self)); }
  Id slope(op::Log, Id u, Id) { return divide(number(1), u); }
  Id slope(op::Log1p, Id u, Id) { return divide(number(1), add(u, number(1))); }
  Id slope(op::Sigmoid, Id u, Id) { return make<op::SigmoidSlope>(u); }
  Id slope(op::SigmoidSlope, Id u, Id self) {
    return negate(multiply(self, make<op::Tanh>(multiply(number(0.5), u))));
  }
  Id slope(op::Softplus, Id u, Id) { return make<op::Sigmoid>(u); }
  Id slope(op::Tanh, Id u, Id) { return make<op::SechSquared>(u); }
  Id slope(op::SechSquared, Id u, Id self) {
    return multiply(number(-2), multiply(self, make<op::Tanh>(u)));
  }
  Id slope(op::Erf, Id u, Id) {
    return multiply(number(2 * std::numbers::inv_sqrtpi), make<op::Gaussian>(u));
  }
  Id slope(op::Erfc, Id u, Id) {
    return multiply(number(-2 * std::numbers::inv_sqrtpi), make<op::Gaussian>(u));
  }
  Id slope(op::NormalCdf, Id u, Id) { return make<op::NormalDensity>(u); }
  Id slope(op::NormalDensity, Id u, Id self) { return negate(multiply(u, self)); }
  Id slope(op::Sin, Id u, Id) { return make<op::Cos>(u); }
  Id slope(op::Cos, Id u, Id) { return negate(make<op::Sin>(u)); }
  Id slope(op::Atan, Id u, Id) { return divide(number(1), add(multiply(u, u), number(1))); }
  Id slope(op::Asinh, Id u, Id) {
    return divide(number(1), make<op::Sqrt>(add(multiply(u, u), number(1))));
  }

  Id rule(op::Add, Id a, Id b, Id) { return add(of(a), of(b)); }
  Id rule(op::Subtract, Id a, Id b, Id) { return subtract(of(a), of(b)); }
  Id rule(op::Multiply, Id a, Id b, Id) {
    if (a == b) return multiply(number(2), multiply(a, of(a)));
    return add(multiply(of(a), b), multiply(a, of(b)));
  }
  Id rule(op::Divide, Id a, Id b, Id self) {
    if (is_zero(of(b))) return divide(of(a), b);
    // Where the numerator over the square of the denominator is a number, the other form cancels.
    const bool is_root = graph_[b].is<op::Sqrt>();
    const Id v = is_root ? graph_[b].operands[0] : b;
    const Id inner = is_root ? multiply(number(0.5), of(v)) : of(v);
    const Id numerator = subtract(multiply(of(a), v), multiply(a, inner));
    if (graph_[numerator].kind == Kind::constant) return divide(divide(numerator, v), b);
    return divide(subtract(of(a), multiply(self, of(b))), b);
  }
  Id rule(op::Power, Id a, Id b, Id self) {
    const Id inner = of(a);
    const Id of_base = is_zero(inner)
                           ? inner
                           : multiply(multiply(b, make<op::Power>(a, add(b, number(-1)))), inner);
    const Id outer = of(b);
    const Id of_exponent =
        is_zero(outer) ? outer : multiply(multiply(self, make<op::Log>(a)), outer);
    return add(of_base, of_exponent);
  }
  // Where both are equal, the slope is that of the second: of max(x, 0) at 0 it is 0.
  Id rule(op::Maximum, Id a, Id b, Id) { return choose(make<op::Less>(b, a), of(a), of(b)); }
  Id rule(op::Minimum, Id a, Id b, Id) { return choose(make<op::Less>(a, b), of(a), of(b)); }
  Id rule(op::Less, Id, Id, Id) { return number(0); }
  Id rule(op::LessEqual, Id, Id, Id) { return number(0); }
  Id rule(op::Equal, Id, Id, Id) { return number(0); }
  Id rule(op::Where, Id condition, Id a, Id b) { return choose(condition, of(a), of(b)); }
  Id rule(op::MultiplyAdd, Id a, Id b, Id c) {
    return add(rule(op::Multiply{}, a, b, kNone), of(c));
  }

  bool is_zero(Id id) const { return graph_[id].kind == Kind::constant && graph_[id].value == 0; }
  Id number(double value) { return graph_.constant(value); }
  template <class Op>
  Id make(Id a, Id b = kNone, Id c = kNone) {
    return graph_.make<Op>(a, b, c);
  }
  Id negate(Id u) { return make<op::Negate>(u); }
  Id add(Id a, Id b) { return make<op::Add>(a, b); }
  Id subtract(Id a, Id b) { return make<op::Subtract>(a, b); }
  Id multiply(Id a, Id b) { return make<op::Multiply>(a, b); }
  Id divide(Id a, Id b) { return make<op::Divide>(a, b); }
  Id choose(Id condition, Id a, Id b) { return make<op::Where>(condition, a, b); }

  Graph& graph_;
  Id by_;
  std::map<Id, Id> known_;
};

}  // namespace

Id derivative(Graph& graph, Id root, Id by) {
  return Differentiation(graph, by).of(root);
}

}  // namespace saltus::formula
