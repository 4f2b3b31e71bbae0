// Signals in deep networks: seen ones against those that theory expects.
#include <cmath>
#include <cstddef>
#include <numbers>
#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/depth.h>
#include <saltus/error.h>
#include <saltus/theory.h>

namespace saltus {
namespace {

TEST(Depth, SigmoidsGradientsVanishAndTanhsDoNot) {
  const DepthSignals sigmoid = probe_depth("sigmoid", {.layers = 20});
  EXPECT_LT(sigmoid.gradient_ratio(), 1e-10);
  // A product of 19 factors, each known to some percent at this width.
  EXPECT_NEAR(std::log(sigmoid.gradient_ratio()), std::log(sigmoid.expected[0].gradient), 1);
  const DepthSignals tanh = probe_depth("tanh", {.layers = 20});
  EXPECT_GT(tanh.gradient_ratio(), 0.05);
  EXPECT_LT(tanh.gradient_ratio(), 20);
  EXPECT_NEAR(std::log(tanh.gradient_ratio()), std::log(tanh.expected[0].gradient), 1);
}

TEST(Depth, BadlyScaledReluExplodes) {
  const DepthSignals relu = probe_depth(
      "relu", {.layers = 20, .initializer = initializers::VarianceScaling{.scale = 16}});
  // Lengths grow by 8 a layer, and gradients on their way back likewise.
  EXPECT_NEAR(std::log(relu.gradient_ratio()), 19 * 0.5 * std::log(8.0), 1);
  EXPECT_NEAR(std::log(relu.layers.back().sd / relu.layers.front().sd), 19 * 0.5 * std::log(8.0),
              1);
  const DepthSignals squared = probe_depth("squared_relu", {.layers = 30});
  EXPECT_FALSE(std::isfinite(squared.layers.back().sd));
  EXPECT_FALSE(std::isfinite(squared.gradient_ratio()));
}

TEST(Depth, SeluNormalisesItselfAndReluDoesNotCentre) {
  for (const LayerSignals& layer : probe_depth("selu", {.layers = 30}).layers) {
    EXPECT_NEAR(layer.mean, 0, 0.1);
    EXPECT_NEAR(layer.sd, 1, 0.1);
  }
  const DepthSignals relu = probe_depth("relu", {.layers = 3});
  for (std::size_t i = 0; i < relu.layers.size(); ++i) {
    // Inputs of variance 2: half of it is left as mean square, a third of that as square of the
    // mean.
    EXPECT_NEAR(relu.expected[i].mean, 1 / std::sqrt(std::numbers::pi), 1e-10);
    EXPECT_NEAR(relu.expected[i].sd, std::sqrt(1 - 1 / std::numbers::pi), 1e-10);
    EXPECT_NEAR(relu.layers[i].mean, relu.expected[i].mean, 0.05);
    EXPECT_NEAR(relu.layers[i].sd, relu.expected[i].sd, 0.05);
  }
}

TEST(Depth, SeesWhatIsNotCentred) {
  const DepthSignals sigmoid = probe_depth("sigmoid", {.layers = 3});
  const DepthSignals tanh = probe_depth("tanh", {.layers = 3});
  const DepthSignals elu = probe_depth("elu", {.layers = 3});
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(sigmoid.layers[i].positive, 1);
    EXPECT_NEAR(sigmoid.expected[i].positive, 1, 1e-6);
    // 65,536 outputs of 256 samples, which share their weights: 0.5 / sqrt(256) is generous.
    EXPECT_NEAR(tanh.layers[i].positive, 0.5, 0.03);
    EXPECT_NEAR(elu.expected[i].positive, 0.5, 1e-3);
  }
}

// Of one sample the bound is the probability, for any more it is above what is seen.
TEST(Depth, NarrowNetworksAreBornDead) {
  constexpr int kNetworks = 300;
  int dead = 0;
  for (int seed = 0; seed < kNetworks; ++seed) {
    const DepthSignals signals =
        probe_depth("relu", {.layers = 8, .width = 3, .seed = static_cast<std::uint64_t>(seed)});
    dead += signals.layers.front().gradient == 0 ? 1 : 0;
  }
  const double bound = *born_dead_bound("relu", 8, 3);
  EXPECT_NEAR(bound, 1 - std::pow(7.0 / 8, 8), 1e-12);
  EXPECT_LT(dead, kNetworks * bound);
  EXPECT_GT(dead, kNetworks * bound / 10);
}

TEST(BornDeadBound, KnowsOnWhichSideAnActivationIsFlat) {
  for (const char* name : {"relu", "hard_silu", "squared_relu"})
    EXPECT_NEAR(born_dead_bound(name, 3, 2).value_or(-1), 1 - std::pow(0.75, 3), 1e-12) << name;
  for (const char* name : {"leaky_relu", "gelu", "sigmoid", "cloglog", "mish", "linear"})
    EXPECT_EQ(born_dead_bound(name, 3, 2), 0) << name;
  for (const char* name : {"relu6", "hard_tanh", "threshold", "hard_shrink", "stair"})
    EXPECT_EQ(born_dead_bound(name, 3, 2), std::nullopt) << name;
  EXPECT_NEAR(*born_dead_bound("relu", 100, 256) / std::exp2(-256), 100, 1e-6);
  EXPECT_THROW(born_dead_bound("relu", 0, 2), InvalidArgument);
  EXPECT_THROW(born_dead_bound("relu", 2, 0), InvalidArgument);
}

TEST(Depth, SignalsOfNoWeightsAreThoseOf0) {
  const DepthSignals dead =
      probe_depth("sigmoid", {.layers = 3, .width = 8, .initializer = initializers::Zeros{}});
  for (std::size_t i = 0; i < dead.layers.size(); ++i) {
    EXPECT_EQ(dead.layers[i].mean, 0.5);
    EXPECT_EQ(dead.layers[i].sd, 0);
    EXPECT_EQ(dead.expected[i].mean, 0.5);
    EXPECT_EQ(dead.expected[i].sd, 0);
  }
  EXPECT_EQ(dead.layers[0].gradient, 0);
  EXPECT_EQ(dead.expected[0].gradient, 0);
  EXPECT_EQ(dead.expected[2].gradient, 1);
}

TEST(Depth, DependsOnTheSeedAndNotOnThreads) {
  const auto seen = [](std::uint64_t seed, int threads) {
    std::vector<double> numbers;
    const DepthOptions options = {.layers = 4, .width = 32, .seed = seed, .threads = threads};
    for (const LayerSignals& layer : probe_depth("gelu", options).layers)
      numbers.insert(numbers.end(), {layer.mean, layer.sd, layer.gradient});
    return numbers;
  };
  EXPECT_EQ(seen(1, 1), seen(1, 2));
  EXPECT_NE(seen(1, 1), seen(2, 1));
}

TEST(Depth, RefusesWhatIsNoChain) {
  EXPECT_THROW(probe_depth("relu", {.layers = 0}), InvalidArgument);
  EXPECT_THROW(probe_depth("relu", {.layers = 1001}), InvalidArgument);
  EXPECT_THROW(probe_depth("relu", {.width = 1}), InvalidArgument);
  EXPECT_THROW(probe_depth("relu", {.width = 4097}), InvalidArgument);
}

TEST(WeightVariance, IsThatOfTheDraws) {
  constexpr std::int64_t kWidth = 256;
  for (const Initializer& initializer : initializer_list()) {
    std::vector<float> values(kWidth * kWidth);
    initialize(initializer, {kWidth, kWidth}, 0, 0, values);
    double sum = 0;
    double squares = 0;
    for (const float value : values) {
      sum += double{value};
      squares += double{value} * double{value};
    }
    const double count = static_cast<double>(values.size());
    const double variance = squares / count - sum / count * (sum / count);
    // Of 65,536 draws it is known to about half a percent.
    EXPECT_NEAR(kWidth * variance, weight_variance_of(initializer, kWidth),
                0.02 * kWidth * variance + 1e-9)
        << to_string(initializer);
  }
}

}  // namespace
}  // namespace saltus
