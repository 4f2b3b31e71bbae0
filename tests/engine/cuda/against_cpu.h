// A device against the CPU.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/engine/cuda/crew.h"
#include "tests/engine/formula_list.h"

namespace saltus::tests {

/// Fails the running test unless f has the same bits on both, or is NaN on both.
inline void expect_the_bits_of_the_cpu(const std::string& activation, const std::vector<float>& x) {
  const std::vector<float> on_cpu = predicted(activation, Device::cpu, x);
  const std::vector<float> on_gpu = predicted(activation, Device::cuda, x);
  ASSERT_EQ(on_gpu.size(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(on_cpu[i]))
      EXPECT_TRUE(std::isnan(on_gpu[i])) << activation << " at " << x[i];
    else
      EXPECT_EQ(on_gpu[i], on_cpu[i]) << activation << " at " << x[i];
  }
}

/// The largest difference between two trainings' weights.
inline double largest_difference(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double largest = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    largest = std::max(largest, std::abs(double{a[i]} - double{b[i]}));
  return largest;
}

/// That of the small network with an activation, trained for six steps on both.
inline double difference_from_the_cpu(const char* activation,
                                      const Optimizer& optimizer = SGD{.learning_rate = 0.1}) {
  const Images images;
  const auto weights = [&](const backend::Backend& backend) {
    train::Trainer trainer(backend, {{small_network(activation), optimizer, 3}}, compile_options());
    trainer.fit(images.samples(), fit_options(images), {});
    return all_weights(trainer, 0);
  };
  return largest_difference(weights(backend::cpu()), weights(backend::cuda()));
}

}  // namespace saltus::tests
