// Several labels at once: which of three half-planes a point lies in. Each output is a probability
// of its own, so the network ends with sigmoid and the loss is binary cross-entropy.
#include <iostream>
#include <random>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

int main() {
  std::mt19937 random(2);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> points;
  std::vector<float> labels;
  for (int i = 0; i < 2000; ++i) {
    const float x = uniform(random);
    const float y = uniform(random);
    points.insert(points.end(), {x, y});
    for (const bool inside : {x > 0, y > x, x + y > 0.5F}) labels.push_back(inside ? 1.0F : 0.0F);
  }
  Sequential model(
      {2}, {Dense{.units = 16, .activation = "relu"}, Dense{.units = 3, .activation = "sigmoid"}});
  model.compile({.loss = losses::BinaryCrossentropy{},
                 .optimizer = Adam{.learning_rate = 0.01},
                 .metrics = {metrics::BinaryAccuracy{}}});
  const Samples samples = {
      .count = 2000, .inputs = points, .targets = std::span<const float>(labels)};
  const History history = model.fit(samples, {.epochs = 30, .validation_split = 0.1});
  std::cout << "share of labels that are right " << history.at("val_binary_accuracy").back()
            << '\n';
}
