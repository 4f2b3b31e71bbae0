#include "apps/bench/gpu/training_step.h"

#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include <saltus/initializer.h>
#include <saltus/sweep.h>

#include "train/trainer.h"

namespace saltus::bench {
namespace {

Graph graph_of(const Activation& activation) {
  return network_of({}, {.activation = activation}, {28, 28, 1}, 10);
}

std::vector<Graph> graphs_of(int trials) {
  const std::vector<Activation> activations = tutorial_activations();
  std::vector<Graph> graphs;
  for (std::size_t i = 0; i < static_cast<std::size_t>(trials); ++i)
    graphs.push_back(graph_of(activations[i % activations.size()]));
  return graphs;
}

std::vector<backend::Trial> trials_of(const std::vector<Graph>& graphs) {
  std::vector<backend::Trial> trials;
  for (const Graph& graph : graphs)
    trials.push_back(train::trial_of({graph, tutorial_optimizer(), trials.size()}));
  return trials;
}

}  // namespace

std::shared_ptr<const plan::Plan> tutorial_plan(Precision precision) {
  return std::make_shared<const plan::Plan>(plan::make_plan(
      graph_of(Activation::parse("relu")), losses::BinaryCrossentropy{}, precision));
}

TrainingStep::TrainingStep(std::shared_ptr<const plan::Plan> plan, int trials, int rows)
    : rows_(rows),
      graphs_(graphs_of(trials)),
      executable_(std::move(plan), trials_of(graphs_),
                  {.batch_size = rows, .stop_on_nonfinite = true}) {
  for (int trial = 0; trial < trials; ++trial) {
    draw_weights(trial);
    executable_.set_learning_rate(trial, 0);  // however often a step is repeated: as it was
  }
  executable_.bind(backend::Split::train, images_.first(1));
  launches_ = executable_.training_step(rows_);
}

void TrainingStep::refresh() {
  executable_.train(0, 0, 1, rows_, true);
  for (int trial = 0; trial < executable_.trials(); ++trial) {
    const auto sums = executable_.take_sums(trial, backend::Split::train);
    if (executable_.non_finite(trial) != nullptr || sums.size() != 1 ||
        !std::isfinite(sums.front().loss)) {
      throw std::runtime_error(fmt::format("trial {} does not train", trial));
    }
  }
}

void TrainingStep::draw_weights(int trial) {
  int number = 0;
  std::vector<float> values;
  for (const Node& node : graphs_[static_cast<std::size_t>(trial)].nodes()) {
    for (const Weight& weight : node.weights) {
      values.resize(static_cast<std::size_t>(element_count(weight.shape)));
      initialize(weight.initializer, weight.fans, 0, static_cast<std::uint32_t>(number), values);
      executable_.write_weight(trial, number++, values);
    }
  }
}

}  // namespace saltus::bench
