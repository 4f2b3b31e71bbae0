// A training step of the tutorial's network, launch by launch.
#include <cmath>
#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include <saltus/initializer.h>
#include <saltus/sweep.h>

#include "apps/bench/network.h"
#include "backend/cuda/architecture.h"
#include "backend/cuda/executable.h"
#include "contest.h"
#include "passes/pipelines.h"

namespace saltus::bench {
namespace {

Graph graph_of(const Activation& activation) {
  return recipe_graph(Recipe::tutorial, activation, {28, 28, 1}, 10);
}

/// The tutorial's activations, one trial each, from the first again behind the last.
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
    trials.push_back(backend::trial_of(graph, tutorial_optimizer(), trials.size()));
  return trials;
}

/// Trials on the device, and the launches of their first batch.
class TrainingStep {
 public:
  TrainingStep(std::shared_ptr<const plan::Plan> plan, const Setting& setting)
      : rows_(setting.rows),
        graphs_(graphs_of(setting.trials)),
        executable_(std::move(plan), trials_of(graphs_),
                    {.batch_size = setting.rows, .stop_on_nonfinite = true}) {
    for (int trial = 0; trial < setting.trials; ++trial) {
      draw_weights(trial);
      executable_.set_learning_rate(trial, 0);  // however often a step is repeated: as it was
    }
    executable_.bind(backend::Split::train, images_.first(1));
    launches_ = executable_.training_step(rows_);
  }

  /// Trains on the batch, so that each launch finds what it would; throws where a trial has
  /// stopped, for then its launches do nothing.
  void refresh() {
    executable_.train(0, 0, 1, rows_, true);
    for (int trial = 0; trial < executable_.trials(); ++trial) {
      const auto sums = executable_.take_sums(trial, backend::Split::train);
      if (executable_.non_finite(trial) != nullptr || sums.size() != 1 ||
          !std::isfinite(sums.front().loss)) {
        throw std::runtime_error(fmt::format("trial {} does not train", trial));
      }
    }
  }

  const std::vector<cuda::StepLaunch>& launches() const { return launches_; }

 private:
  void draw_weights(int trial) {
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

  std::int64_t rows_;
  Images images_{""};
  std::vector<Graph> graphs_;
  cuda::CudaExecutable executable_;
  std::vector<cuda::StepLaunch> launches_;
};

}  // namespace

void add_step(std::vector<Entry>& entries, const Setting& setting, Precision precision) {
  const auto plan = std::make_shared<const plan::Plan>(plan::make_plan(
      graph_of(Activation::parse("relu")), losses::BinaryCrossentropy{}, precision));
  const std::vector<plan::Step> steps =
      passes::cuda_program(plan->train, precision, cuda::shared_bytes_of_block()).steps;
  const auto made =
      std::make_shared<std::unique_ptr<TrainingStep>>();  // by the first that is asked for

  const auto add = [&](std::string_view name, std::size_t first, std::size_t last) {
    Entry entry;
    entry.name = fmt::format("step: {:02} {}", first == last ? first + 1 : steps.size() + 1, name);
    entry.kind = to_string(precision);
    entry.trials = setting.trials;
    entry.make = [=] {
      if (*made == nullptr) *made = std::make_unique<TrainingStep>(plan, setting);
      (*made)->refresh();
      const auto start = [=](int /*set*/, cudaStream_t stream) {
        for (std::size_t i = first; i <= last; ++i) (*made)->launches()[i].start(stream);
      };
      return Contest{{{"Saltus", start, ""}}, 1};
    };
    entries.push_back(std::move(entry));
  };
  for (std::size_t i = 0; i < steps.size(); ++i) add(plan::name_of(steps[i]), i, i);
  add("all of it", 0, steps.size() - 1);
}

}  // namespace saltus::bench
