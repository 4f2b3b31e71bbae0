// What the list of layers answers for a layer of whichever kind.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <saltus/error.h>

#include "graph/infer.h"
#include "graph/kind.h"
#include "graph/learned_activation.h"
#include "ops/choices.h"
#include "ops/list.h"

namespace saltus {
namespace {

/// visit(rule, layer) for the layer's rule and struct.
template <class Visit>
decltype(auto) with_rule(const Layer& layer, Visit&& visit) {
  return std::visit(
      [&]<class L>(const L& one) -> decltype(auto) { return visit(ops::LayerRule<L>(), one); },
      layer);
}

}  // namespace

Kind kind_of(const Layer& layer) {
  return with_rule(layer, [](auto rule, const auto&) { return rule.kKind; });
}

std::string_view kind_name(const Layer& layer) {
  return kind_of(layer).class_name;
}

Inferred infer(const Layer& layer, const std::string& name, std::span<const Shape> inputs) {
  return with_rule(layer, [&](auto rule, const auto& one) {
    constexpr ops::Arity kArity = rule.kArity;
    if (inputs.size() < kArity.least || inputs.size() > kArity.most) {
      throw InvalidArgument(
          fmt::format("{}: {} takes {} input{}, not {}", name, kind_name(layer),
                      kArity.most > 1 ? "two or more" : fmt::to_string(kArity.least),
                      kArity.least == 1 ? "" : "s", inputs.size()));
    }
    Inferred inferred = rule.infer(one, ops::Inference(name, inputs));
    const Activation* activation = ops::activation_of(layer);
    if (activation != nullptr) {
      std::ranges::move(learned_weights(*activation, name, inferred.shape.back()),
                        std::back_inserter(inferred.weights));
    }
    return inferred;
  });
}

namespace ops {
namespace {

template <class L>
constexpr bool kIsDropout = requires(const L& layer) {
  LayerRule<L>::dropout(layer);
};

/// Whether one may stand for the other in a plan: both are dropouts, by one step.
bool are_exchangeable(const Layer& a, const Layer& b) {
  return std::visit(
      []<class A, class B>(const A&, const B&) {
        if constexpr (kIsDropout<A> && kIsDropout<B>) {
          return std::is_same_v<typename LayerRule<A>::DropStep, typename LayerRule<B>::DropStep>;
        }
        return false;
      },
      a, b);
}

/// Whether an option is the same in both, or a trial's choice.
template <class T>
bool is_alike(const T& a, const T& b) {
  return a == b;
}
bool is_alike(const Initializer&, const Initializer&) {
  return true;
}
/// Models may differ in the activation, but not in whether there is one, and what is learned of it
/// is a matter of their weights.
bool is_alike(const Activation& a, const Activation& b) {
  if (a.is_learned() || b.is_learned()) return a == b;
  return (a == Activation()) == (b == Activation());
}

bool are_alike(const Node& a, const Node& b) {
  if (a.inputs != b.inputs) return false;
  if (are_exchangeable(a.layer, b.layer)) return true;
  if (a.layer.index() != b.layer.index()) return false;
  if (const auto* activation = std::get_if<Activation>(&a.layer)) {
    const auto& other = std::get<Activation>(b.layer);
    return activation->is_learned() || other.is_learned() ? *activation == other : true;
  }
  return with_rule(a.layer, [&]<class L>(LayerRule<L> rule, const L& layer) {
    const L& other = std::get<L>(b.layer);
    return std::apply(
        [&](const auto&... option) {
          return (is_alike(option.of(layer), option.of(other)) && ...);
        },
        rule.options());
  });
}

}  // namespace

const Activation* activation_of(const Layer& layer) {
  const Activation* found = nullptr;
  const auto see = [&](const auto& value) {
    if constexpr (std::is_same_v<decltype(value), const Activation&>) found = &value;
  };
  with_rule(layer, [&](auto rule, const auto& one) {
    std::apply([&](const auto&... option) { (see(option.of(one)), ...); }, rule.options());
  });
  const bool behind = found != nullptr && !std::holds_alternative<Activation>(layer);
  return behind && *found == Activation() ? nullptr : found;
}

bool is_dropout(const Layer& layer) {
  return std::visit([]<class L>(const L&) { return kIsDropout<L>; }, layer);
}

kernels::DropoutRule dropout_of(const Layer& layer) {
  return std::visit(
      []<class L>(const L& one) -> kernels::DropoutRule {
        if constexpr (kIsDropout<L>) return LayerRule<L>::dropout(one);
        throw std::logic_error("a layer that is no dropout was asked for its rule");
      },
      layer);
}

bool statistics_move(const Layer& layer) {
  return with_rule(layer, [](auto rule, const auto&) { return rule.kStatisticsMove; });
}

Slots deal_slots(const Graph& graph) {
  Slots slots;
  for (const Node& node : graph.nodes()) {
    const Activation* activation = activation_of(node.layer);
    const bool has_slot = activation != nullptr && !activation->is_learned();
    slots.activation.push_back(has_slot ? slots.activations++ : -1);
    slots.dropout.push_back(is_dropout(node.layer) ? slots.dropouts++ : -1);
  }
  return slots;
}

bool have_one_structure(const Graph& a, const Graph& b) {
  return std::equal(a.nodes().begin(), a.nodes().end(), b.nodes().begin(), b.nodes().end(),
                    are_alike);
}

}  // namespace ops
}  // namespace saltus
