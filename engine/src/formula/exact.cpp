#include "formula/exact.h"

#include <array>
#include <exception>
#include <limits>

#include "formula/wide.h"

namespace saltus::formula {

struct Exact::Parts {
  ParameterValues parameters;
  Graph graph;
  std::array<Id, 2> roots;
  Evaluator<Wide> evaluator;

  Parts(const Formula& formula, const ParameterValues& values)
      : parameters(values),
        graph(formula.definition().graph),
        roots{formula.definition().root,
              derivative(graph, formula.definition().root, graph.variable())},
        evaluator(graph, roots) {}
};

Exact::Exact(const Formula& formula, const ParameterValues& parameters)
    : parts_(std::make_unique<Parts>(formula, parameters)) {}
Exact::Exact(Exact&&) noexcept = default;
Exact& Exact::operator=(Exact&&) noexcept = default;
Exact::~Exact() = default;

Exact::Result Exact::at(double x) {
  try {
    parts_->evaluator.run(Wide(x), parts_->parameters);
    return {static_cast<double>(parts_->evaluator[parts_->roots[0]]),
            static_cast<double>(parts_->evaluator[parts_->roots[1]])};
  } catch (const std::exception&) {
    return {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::quiet_NaN()};
  }
}

}  // namespace saltus::formula
