// A network learns a function of two numbers from samples of it.
#include <cmath>
#include <iostream>
#include <random>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

int main() {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> points;  // two numbers a sample
  std::vector<float> values;  // one
  for (int i = 0; i < 2000; ++i) {
    const float x = uniform(random);
    const float y = uniform(random);
    points.insert(points.end(), {x, y});
    values.push_back(std::sin(3 * x) * y);
  }
  Sequential model({2}, {Dense{.units = 32, .activation = "tanh"},
                         Dense{.units = 32, .activation = "tanh"}, Dense{.units = 1}});
  model.compile({.loss = losses::MeanSquaredError{},
                 .optimizer = Adam{.learning_rate = 0.01},
                 .metrics = {metrics::MeanAbsoluteError{}}});
  const Samples samples = {
      .count = 2000, .inputs = points, .targets = std::span<const float>(values)};
  const History history = model.fit(samples, {.epochs = 40, .validation_split = 0.1});
  std::cout << "mean absolute error " << history.at("val_mean_absolute_error").back() << '\n';
}
