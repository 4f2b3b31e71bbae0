#include "backend/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/select.h"

namespace saltus::backend {
namespace {

TEST(DropoutRule, KeepsTheMean) {
  const DropoutRule rule = dropout_rule(0.25);
  EXPECT_EQ(rule.threshold, 16384U);
  EXPECT_FLOAT_EQ(rule.scale, 1 / 0.75F);
  EXPECT_EQ(rule.shift, 0);
  EXPECT_EQ(rule.dropped, 0);
  EXPECT_EQ(dropout_rule(0).threshold, 0U) << "nothing is dropped";
}

// a, b and what a dropped element becomes, worked out from Keras's formula to seven digits.
TEST(DropoutRule, AlphaDropoutIsKeras) {
  const DropoutRule quarter = alpha_dropout_rule(0.25);
  EXPECT_EQ(quarter.threshold, 16384U);
  EXPECT_NEAR(quarter.scale, 0.8672579, 1e-7);
  EXPECT_NEAR(quarter.shift, 0.3811814, 1e-7);
  EXPECT_NEAR(quarter.dropped, -1.1435442, 1e-7);
  const DropoutRule half = alpha_dropout_rule(0.5);
  EXPECT_NEAR(half.scale, 0.8864049, 1e-7);
  EXPECT_NEAR(half.shift, 0.7791939, 1e-7);
  EXPECT_NEAR(half.dropped, -0.7791939, 1e-7);
}

// Rates that 1/65536 does not divide, and those nearest to 0 and 1 are rounded; the scale is that
// of what is really kept.
TEST(DropoutRule, KeepsTheMeanOfWhatItKeeps) {
  for (const double rate : {0.1, 0.3, 0.7, 0.99, 0.99999, 1 - 1e-6, 1 - 0x1p-53, 1e-6, 1e-5}) {
    SCOPED_TRACE(rate);
    const DropoutRule rule = dropout_rule(rate);
    const double kept = (65536.0 - rule.threshold) / 65536;
    EXPECT_NEAR(kept, 1 - rate, 1.0 / 65536);
    EXPECT_NEAR(kept * rule.scale, 1, 0x1p-24) << "one rounded float";
  }
}

TEST(DropoutRule, RatesAtTheEnds) {
  EXPECT_EQ(dropout_rule(1e-6).threshold, 0U);
  EXPECT_EQ(dropout_rule(1e-6).scale, 1.0F) << "nothing is dropped, so nothing is scaled";
  EXPECT_EQ(dropout_rule(1e-5).threshold, 1U);
  EXPECT_EQ(dropout_rule(1 - 1e-6).threshold, 65535U) << "something is always kept";
  EXPECT_EQ(dropout_rule(1 - 1e-6).scale, 65536.0F);
  EXPECT_EQ(dropout_rule(0.99999).scale, 65536.0F);
  EXPECT_EQ(alpha_dropout_rule(1e-6).scale, 1.0F);
  EXPECT_EQ(alpha_dropout_rule(1e-6).shift, 0.0F);
}

TEST(DropoutRule, AlphaDropoutKeepsMeanAndVariance) {
  for (const double asked : {0.1, 0.3, 0.7, 1e-5}) {
    const DropoutRule rule = alpha_dropout_rule(asked);
    const double rate = rule.threshold / 65536.0;
    // Of inputs with mean 0 and variance 1.
    const double mean = (1 - rate) * rule.shift + rate * rule.dropped;
    const double square = (1 - rate) * (rule.scale * rule.scale + rule.shift * rule.shift) +
                          rate * rule.dropped * rule.dropped;
    EXPECT_NEAR(mean, 0, 3e-7) << "two rounded floats of about 1";
    EXPECT_NEAR(square, 1, 1e-6) << "three squares of rounded floats of about 1";
  }
}

TEST(Trial, HoldsASlotForEachActivationAndDropoutInTheirOrder) {
  const Activation elu = Activation::parse("elu:alpha=0.2");
  Graph graph({4});
  graph.add(elu);
  graph.add(layers::AlphaDropout{0.25});
  graph.add(layers::Dense{.units = 3});
  graph.add(Activation("tanh"));
  graph.add(layers::Dropout{0.5});
  const Trial trial = trial_of(graph, SGD{}, 9);
  EXPECT_EQ(trial.seed, 9U);
  EXPECT_TRUE(std::holds_alternative<SGD>(trial.optimizer));
  ASSERT_EQ(trial.activations.size(), 2U);
  EXPECT_EQ(trial.activations[0].id, elu.ref().id);
  EXPECT_EQ(trial.activations[0].parameters[0], 0.2F);
  EXPECT_NE(trial.activations[1].id, elu.ref().id);
  ASSERT_EQ(trial.dropouts.size(), 2U);
  EXPECT_NE(trial.dropouts[0].dropped, 0);
  EXPECT_EQ(trial.dropouts[1].dropped, 0);
}

TEST(Cpu, RefusesMoreThanTheMemoryHolds) {
  Graph graph({1 << 20});
  graph.add(layers::Dense{.units = 1 << 20});
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, Loss::mean_squared_error, Precision::fp32));
  try {
    cpu().compile(plan, {trial_of(graph, SGD{}, 1)}, {});
    FAIL() << "a machine with 8 TiB";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("of 1 trial take 8796101"));
  }
}

TEST(Select, GivesTheGpuOrSaysWhyNot) {
  EXPECT_EQ(select(Device::cpu).name(), "cpu");
  std::string_view best = "cuda";
  try {
    EXPECT_EQ(select(Device::cuda).name(), "cuda");
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("CUDA"));
    best = "cpu";
  }
  EXPECT_EQ(select(Device::automatic).name(), best);
}

}  // namespace
}  // namespace saltus::backend
