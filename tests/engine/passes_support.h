// Programs for the tests of passes.
#pragma once

#include <string>
#include <vector>

#include "passes/passes.h"
#include "plan_support.h"

namespace saltus::passes {

using plan::count;
using plan::Home;
using plan::named;
using plan::names;
using plan::Program;
using Names = std::vector<std::string>;

/// The training program of the tutorial's network, of a classifier, or of a regression.
inline Program tutorial(Precision precision = Precision::fp32) {
  return plan::make_plan(plan::tutorial("gelu"), losses::BinaryCrossentropy{}, precision).train;
}
inline Program regression(Graph graph) {
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 1});
  return plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32).train;
}

}  // namespace saltus::passes
