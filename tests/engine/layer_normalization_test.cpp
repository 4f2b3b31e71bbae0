// What layer normalization has beside its formula, which is held by the oracle's examples.
#include <vector>

#include <gtest/gtest.h>

#include <saltus/model.h>

#include "error_of.h"

namespace saltus {
namespace {

/// 70 rows: more than a group of slices has.
std::vector<float> weights_after_training(int threads) {
  constexpr std::int64_t kRows = 70;
  std::vector<float> inputs(kRows * 4 * 4 * 3);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    inputs[i] = static_cast<float>(i * 37 % 101) / 50 - 1;
  }
  std::vector<float> targets(kRows * 2);
  for (std::size_t i = 0; i < targets.size(); ++i) targets[i] = static_cast<float>(i % 3);
  Graph graph({4, 4, 3});
  graph.add(layers::Dense{.units = 7});
  graph.add(layers::LayerNormalization{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 2});
  Model model = graph;
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = threads});
  model.fit({.count = kRows, .inputs = inputs, .targets = targets},
            {.epochs = 2, .batch_size = kRows});
  std::vector<float> all;
  for (const Weight& weight : model.weights()) {
    const std::vector<float> values = model.get_weights(weight.name);
    all.insert(all.end(), values.begin(), values.end());
  }
  return all;
}

TEST(LayerNormalization, GivesTheSameBitsOnAnyNumberOfThreads) {
  const std::vector<float> alone = weights_after_training(1);
  for (const int threads : {2, 5}) EXPECT_EQ(weights_after_training(threads), alone) << threads;
}

TEST(LayerNormalization, RefusesAnEpsilonThatIsNotPositive) {
  for (const double epsilon : {0.0, -1.0}) {
    const std::string message = error_of([epsilon] {
      Graph graph({3});
      graph.add(layers::LayerNormalization{.epsilon = epsilon}, "norm");
    });
    EXPECT_NE(message.find("norm"), std::string::npos) << message;
    EXPECT_NE(message.find("is not positive"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace saltus
