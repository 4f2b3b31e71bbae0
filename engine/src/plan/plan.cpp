#include "plan/plan.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>

#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "plan/verify.h"

namespace saltus::plan {
namespace {

void check_loss(const Graph& graph, const Loss& loss) {
  validate(loss);
  if (loss.is_categorical() && element_count(graph.output().shape) < 2) {
    throw InvalidArgument(
        fmt::format("loss {} needs an output of two classes or more, but {} gives {}; use "
                    "binary_crossentropy for one output",
                    to_string(loss), graph.output().name, to_string(graph.output().shape)));
  }
}

Program make_program(const Graph& graph, const ops::Slots& slots, const Loss& loss, Mode mode) {
  Lowering::Result lowered = Lowering(graph, slots, loss, mode).run();
  Program& program = lowered.program;
  for (const ops::ForwardStep& step : lowered.forward) {
    std::visit([&](const auto& s) { program.steps.emplace_back(s); }, step);
  }
  if (lowered.loss) program.steps.emplace_back(*lowered.loss);
  if (mode == Mode::train) {
    Gradients(program, lowered.forward).run(*lowered.loss);
    program.steps.emplace_back(ops::Update{});
  }
  verify(program);
  return std::move(program);
}

}  // namespace

Plan make_plan(const Graph& graph, const Loss& loss, Precision precision) {
  check_loss(graph, loss);
  Plan plan;
  plan.input = graph.nodes().front().shape;
  plan.output = graph.output().shape;
  plan.slots = ops::deal_slots(graph);
  plan.precision = precision;
  for (const Node& node : graph.nodes()) {
    plan.weights.insert(plan.weights.end(), node.weights.begin(), node.weights.end());
  }
  plan.train = make_program(graph, plan.slots, loss, Mode::train);
  plan.evaluate = make_program(graph, plan.slots, loss, Mode::evaluate);
  plan.predict = make_program(graph, plan.slots, loss, Mode::predict);
  for (const Tensor& tensor : plan.train.tensors) {
    const std::int64_t end = tensor.offset + align(tensor.elements);
    if (tensor.home == Home::parameters) plan.parameter_count = std::max(plan.parameter_count, end);
    if (tensor.home == Home::statistics) plan.statistic_count = std::max(plan.statistic_count, end);
  }
  const StatisticCounts statistics = count_statistics(graph);
  plan.moving_count = statistics.moving;
  plan.next_statistics = statistics.moving + statistics.kept;
  return plan;
}

}  // namespace saltus::plan
