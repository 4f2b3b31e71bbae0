// Results do not depend on the number of threads, nor on which of them does what when. Threads that
// run as they like show it by chance only; here a dealer gives the work out in orders of its own.
#include <algorithm>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/executable.h"
#include "train/trainer.h"

namespace saltus::cpu {
namespace {

/// Stands in for some workers, on one thread: tasks in any order, each by any worker.
class Dealer : public Workers {
 public:
  Dealer(int workers, unsigned seed) : Workers(workers), random_(seed) {}

  void run(int tasks, const std::function<void(int number, int worker)>& task) const override {
    const SingleThreaded here;
    std::vector<int> order(static_cast<std::size_t>(tasks));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random_);
    const auto workers = static_cast<unsigned>(std::min(count(), tasks));
    for (const int number : order) task(number, static_cast<int>(random_() % workers));
  }

 private:
  mutable std::mt19937 random_;
};

/// Every kind of step that adds up over rows, and weights of more than one piece of the update.
Graph network() {
  Graph graph({8, 8, 2});
  const auto same = layers::Padding::same;
  const NodeId trunk = graph.add(layers::Conv2D{.filters = 8, .padding = same});
  graph.add(layers::BatchNormalization{});
  graph.add(Activation("gelu"));
  const NodeId branch = graph.add(layers::Conv2D{.filters = 8, .padding = same});
  graph.add_to({trunk, branch}, layers::Add{});
  graph.add(layers::PReLU{.shared_axes = {1, 2}});
  graph.add(layers::DepthwiseConv2D{.padding = same, .depth_multiplier = 2});
  graph.add(layers::Conv2D{.filters = 16, .padding = same});
  graph.add(Activation("tanh"));
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::Dropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 160});
  graph.add(layers::PReLU{});
  graph.add(layers::Dense{.units = 5});
  graph.add(layers::Softmax{});
  return graph;
}

struct Outcome {
  std::vector<std::vector<float>> weights;
  std::vector<double> sums;
  std::vector<float> predictions;
  bool operator==(const Outcome&) const = default;
};

std::vector<float> uniform(std::int64_t count, unsigned seed, float low, float high) {
  std::mt19937 random(seed);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) {
    value = low + (high - low) * static_cast<float>(random() >> 8) * 0x1p-24F;
  }
  return values;
}

/// Two batches of 300, the second of which is smaller, and predictions.
Outcome train(std::unique_ptr<const Workers> workers) {
  constexpr std::int64_t kSamples = 557;
  constexpr std::int64_t kBatch = 300;
  const Graph graph = network();
  const Adam adam{.learning_rate = 0.01,
                  .clipping = {.clipvalue = {}, .clipnorm = {}, .global_clipnorm = 0.5}};
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, losses::CategoricalCrossentropy{}, Precision::fp32));
  CpuExecutable executable(plan, {train::trial_of({graph, adam, 3})}, {.batch_size = kBatch},
                           std::move(workers));
  for (std::size_t i = 0; i < plan->weights.size(); ++i) {
    executable.write_weight(
        0, static_cast<int>(i),
        uniform(element_count(plan->weights[i].shape), static_cast<unsigned>(i), 0.01F, 0.1F));
  }
  const std::vector<float> inputs = uniform(kSamples * 8 * 8 * 2, 100, -1, 1);
  const std::vector<float> targets = uniform(kSamples * 5, 101, 0, 0.4F);
  executable.bind(backend::Split::train, {.count = kSamples,
                                          .inputs = std::span<const float>(inputs),
                                          .targets = std::span<const float>(targets)});
  executable.train(0, 0, 2, kBatch, true);
  Outcome outcome;
  for (const backend::BatchSums& sums : executable.take_sums(0, backend::Split::train)) {
    outcome.sums.insert(outcome.sums.end(), {sums.loss, static_cast<double>(sums.clipped)});
    outcome.sums.insert(outcome.sums.end(), sums.metrics.begin(), sums.metrics.end());
  }
  for (std::size_t i = 0; i < plan->weights.size(); ++i) {
    auto& values = outcome.weights.emplace_back(
        static_cast<std::size_t>(element_count(plan->weights[i].shape)));
    executable.read_weight(0, static_cast<int>(i), values);
  }
  outcome.predictions = executable.predict(0, backend::Split::train, kBatch);
  return outcome;
}

TEST(CpuWorkers, GiveTheSameBitsInAnyOrder) {
  const Outcome alone = train(std::make_unique<Workers>(1));
  for (const int workers : {5, 40}) {
    EXPECT_TRUE(alone == train(std::make_unique<Dealer>(workers, static_cast<unsigned>(workers))))
        << workers;
  }
  for (const int threads : {3, 64}) {
    EXPECT_TRUE(alone == train(std::make_unique<Workers>(threads))) << threads;
  }
}

}  // namespace
}  // namespace saltus::cpu
