#include "formula/learned.h"

#include <array>
#include <utility>
#include <vector>

#include <saltus/kernels/formula/mend.h>

#include "formula/compensate.h"

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

Program program_of_value(const Graph& graph, Id value) {
  const Compensated exact = compensated(graph, std::array{value});
  return Program(exact.graph, exact.roots[0], exact.roots[0], false);
}

Program program_of(const Graph& graph, const Derivatives& derivatives) {
  const auto [a, b, c, d] = derivatives.by_parameter;
  const Compensated exact = compensated(graph, std::array{derivatives.slope, a, b, c, d});
  return Program(exact.graph, {.slope = exact.roots[0],
                               .by_parameter = {exact.roots[1], exact.roots[2], exact.roots[3],
                                                exact.roots[4]}});
}

}  // namespace

LearnedFormula::LearnedFormula(Expanded written, const EachLearned& learned)
    : graph_(std::move(written.graph)),
      value_(written.root),
      derivatives_(derivatives_of(graph_, value_, learned)),
      value_program_(program_of_value(graph_, value_)),
      derivative_program_(program_of(graph_, derivatives_)) {}

LearnedPoint learned_point(const LearnedFormula& formula, float x,
                           const ParameterValues& parameters) {
  const Derivatives& derivatives = formula.derivatives();
  std::vector<Id> roots = {formula.value(), derivatives.slope};
  for (const Id id : derivatives.by_parameter)
    if (id != kNone) roots.push_back(id);
  Evaluator<double> evaluator(formula.graph(), roots);
  evaluator.run(x, parameters);
  const auto result = [&](Id id) { return kernels::formula::mended(evaluator[id], 0, false); };
  LearnedPoint point{.value = result(formula.value()), .slope = result(derivatives.slope)};
  for (std::size_t i = 0; i < derivatives.by_parameter.size(); ++i) {
    const Id id = derivatives.by_parameter[i];
    if (id != kNone) point.by_parameter[i] = result(id);
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
