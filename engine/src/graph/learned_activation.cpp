#include "graph/learned_activation.h"

#include <cstddef>

#include <fmt/format.h>

#include "core/text.h"
#include "graph/custom_activation.h"

namespace saltus {
namespace {

formula::EachLearned learned_of(const Activation& activation) {
  formula::EachLearned learned{};
  for (std::size_t i = 0; i < learned.size(); ++i) learned[i] = activation.learned(i);
  return learned;
}

}  // namespace

formula::LearnedFormula learned_formula(const Activation& activation) {
  const int id = activation.ref().id;
  const formula::Formula* formula = find_formula(id);
  return {formula == nullptr ? formula::expanded(id) : formula::expanded(formula->definition()),
          learned_of(activation)};
}

std::vector<Weight> learned_weights(const Activation& activation, const std::string& name,
                                    std::int64_t channels) {
  std::vector<Weight> weights;
  const auto& parameters = activation.info().parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Learned learned = activation.learned(i);
    if (learned == Learned::no) continue;
    const kernels::Parameter& parameter = parameters[i];
    const Shape shape = {learned == Learned::channel ? channels : 1};
    const double value = shortest(activation.ref().parameters[i]);
    weights.push_back({.name = fmt::format("{}/{}", name, parameter.name),
                       .shape = shape,
                       .initializer = initializers::Constant{value},
                       .fans = fans_of(shape),
                       .bounds = Bounds{parameter.low, parameter.high}});
  }
  return weights;
}

std::array<int, kernels::kMaxParameters> places_of_learned(const Activation& activation,
                                                           const Node& node) {
  std::array<int, kernels::kMaxParameters> places{};
  int place = static_cast<int>(node.weights.size());
  for (std::size_t i = places.size(); i-- > 0;)
    places[i] = activation.learned(i) == Learned::no ? -1 : --place;
  return places;
}

}  // namespace saltus
