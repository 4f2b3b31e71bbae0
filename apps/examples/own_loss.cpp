// A loss and a metric of one's own: functions of the outputs and the targets of a sample, which a
// CPU calls.
#include <algorithm>
#include <cmath>
#include <iostream>

#include <saltus/saltus.h>

using namespace saltus;
using namespace saltus::layers;

/// Cauchy's loss: like half the square near zero, but outliers hardly pull at all.
double cauchy(std::span<const float> y, std::span<const float> t, std::span<float> gradient) {
  double loss = 0;
  for (std::size_t j = 0; j < y.size(); ++j) {
    const double error = static_cast<double>(y[j]) - t[j];
    loss += std::log1p(error * error) / 2;
    gradient[j] = static_cast<float>(error / (1 + error * error));
  }
  return loss;
}

double largest_error(std::span<const float> y, std::span<const float> t) {
  double largest = 0;
  for (std::size_t j = 0; j < y.size(); ++j) {
    largest = std::max(largest, std::abs(static_cast<double>(y[j]) - t[j]));
  }
  return largest;
}

int main() {
  std::vector<float> inputs;
  std::vector<float> targets;
  for (int i = 0; i < 400; ++i) {
    const float x = static_cast<float>(i) / 200 - 1;
    inputs.push_back(x);
    targets.push_back(i % 50 == 0 ? 20.0F : 2 * x);  // some are far off
  }
  Sequential model({1}, {Dense{.units = 1}});
  model.compile({.loss = Loss::custom("cauchy", cauchy),
                 .optimizer = Adam{.learning_rate = 0.05},
                 .metrics = {Metric::custom("largest_error", largest_error)},
                 .device = Device::cpu});
  model.fit({.count = 400, .inputs = inputs, .targets = std::span<const float>(targets)},
            {.epochs = 60});
  std::cout << "slope " << model.get_weights("dense/kernel")[0] << " (2 without the outliers)\n";
}
