// The oracle's gradients against central differences of its own loss, whole networks at a time:
// every layer and every loss, and random networks.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "reference/examples.h"
#include "reference/kinks.h"
#include "reference/network.h"

namespace saltus::reference {
namespace {

constexpr double kStep = 1e-5;

/// A change of kStep in one number moves no other by more than this, in networks whose layers keep
/// values of order one.
constexpr double kClearance = 100 * kStep;

/// Largest error allowed, relative to the tensor's largest gradient. The difference quotient's own
/// error is kStep^2 / 6 times a third derivative (1e-11 of it) plus the rounding of two losses
/// divided by 2 kStep (1e-16 / 1e-5 = 1e-11).
constexpr double kTolerance = 1e-6;

constexpr std::int64_t kRows = 3;
constexpr std::int64_t kProbes = 30;  // of each tensor

double mean_loss(const Network& network, const Data& data) {
  const Pass pass = network.differentiate(data.x, data.t);
  return pass.sums.loss / static_cast<double>(pass.sums.rows);
}

/// Draws until no value lies near a kink.
Data draw_clear_of_kinks(Network& network, const Loss& loss, Random& random) {
  for (int attempt = 0; attempt < 300; ++attempt) {
    network.weights() = draw_weights(network.graph(), random);
    Data data = draw_data(network.graph(), loss, kRows, random);
    const double distance =
        kink_distance(network.graph(), network.differentiate(data.x, data.t).outputs);
    if (distance > kClearance) return data;
  }
  ADD_FAILURE() << "no draw stays clear of all kinks: the network is too large for this test";
  return {};
}

void check_gradient(const std::string& name, const Network& network, const Data& data,
                    Values& values, const Values& gradient, Random& random) {
  ASSERT_EQ(gradient.size(), values.size()) << name;
  double scale = 0;
  for (const double g : gradient) scale = std::max(scale, std::abs(g));
  // Where a gradient is zero throughout (a bias before a BatchNormalization), so must be the
  // differences: up to their rounding, which is that of the losses.
  const double bound =
      std::max(kTolerance * scale, 1e-10 * std::max(1.0, mean_loss(network, data)));
  const std::int64_t size = std::ssize(values);
  for (std::int64_t probe = 0; probe < std::min(size, kProbes); ++probe) {
    const std::int64_t i = size <= kProbes ? probe : random.integer(0, size - 1);
    const double value = values[i];
    values[i] = value + kStep;
    const double above = mean_loss(network, data);
    values[i] = value - kStep;
    const double below = mean_loss(network, data);
    values[i] = value;
    EXPECT_NEAR(gradient[i], (above - below) / (2 * kStep), bound) << name << "[" << i << "]";
  }
}

void check_gradients(const Example& example) {
  Random random(1);
  Network network(example.graph, example.loss, SGD{}, 7);
  Data data = draw_clear_of_kinks(network, example.loss, random);
  if (testing::Test::HasFailure()) return;

  const Pass pass = network.differentiate(data.x, data.t);
  std::ptrdiff_t trainable = 0;
  for (const Node& node : example.graph.nodes()) {
    trainable += std::ranges::count_if(node.weights, &Weight::trainable);
  }
  EXPECT_EQ(std::ssize(pass.gradients), trainable);
  for (const auto& [name, gradient] : pass.gradients) {
    check_gradient(name, network, data, network.weights().at(name), gradient, random);
  }
  check_gradient("input", network, data, data.x.values, pass.input_gradient.values, random);
}

class Gradients : public testing::TestWithParam<Example> {};

TEST_P(Gradients, MatchCentralDifferences) {
  check_gradients(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Examples, Gradients, testing::ValuesIn(examples()),
                         [](const auto& example) { return example.param.name; });

TEST(Gradients, OfRandomNetworksMatchCentralDifferences) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("random network " + std::to_string(seed));
    check_gradients(random_example(seed));
  }
}

}  // namespace
}  // namespace saltus::reference
