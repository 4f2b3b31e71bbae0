#include "formula/learned.h"

#include <utility>
#include <vector>

namespace saltus::formula {
namespace {

Derivatives derivatives_of(Graph& graph, Id value, const EachLearned& learned) {
  Derivatives result{.slope = derivative(graph, value, graph.variable())};
  for (std::size_t i = 0; i < learned.size(); ++i) {
    if (learned[i] == Learned::no) continue;
    result.by_parameter[i] = derivative(graph, value, graph.parameter(static_cast<int>(i)));
  }
  return result;
}

}  // namespace

LearnedFormula::LearnedFormula(Expanded written, const EachLearned& learned)
    : graph_(std::move(written.graph)),
      value_(written.root),
      derivatives_(derivatives_of(graph_, value_, learned)),
      value_program_(graph_, value_, value_, false),
      derivative_program_(graph_, derivatives_) {}

LearnedPoint learned_point(const LearnedFormula& formula, float x,
                           const ParameterValues& parameters) {
  const Derivatives& derivatives = formula.derivatives();
  std::vector<Id> roots = {formula.value(), derivatives.slope};
  for (const Id id : derivatives.by_parameter)
    if (id != kNone) roots.push_back(id);
  Evaluator<double> evaluator(formula.graph(), roots);
  evaluator.run(x, parameters);
  LearnedPoint point{.value = static_cast<float>(evaluator[formula.value()]),
                     .slope = static_cast<float>(evaluator[derivatives.slope])};
  for (std::size_t i = 0; i < derivatives.by_parameter.size(); ++i) {
    const Id id = derivatives.by_parameter[i];
    if (id != kNone) point.by_parameter[i] = static_cast<float>(evaluator[id]);
  }
  return point;
}

LearnedPoint learned_point(const LearnedRun& run, float x, std::int64_t channel) {
  ParameterValues values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (run.parameters[i] == nullptr) continue;
    values[i] = run.parameters[i][run.by_channel[i] ? channel : 0];
  }
  return learned_point(*run.formula, x, values);
}

}  // namespace saltus::formula
