// The maps that Dropout and AlphaDropout are.
#include <gtest/gtest.h>

#include "ops/choices.h"

namespace saltus::ops {
namespace {

kernels::DropoutRule rule_of(double rate) {
  return dropout_of(layers::Dropout{rate});
}

kernels::DropoutRule alpha_rule(double rate) {
  return dropout_of(layers::AlphaDropout{rate});
}

TEST(DropoutRule, KeepsTheMean) {
  const kernels::DropoutRule rule = rule_of(0.25);
  EXPECT_EQ(rule.threshold, 16384U);
  EXPECT_FLOAT_EQ(rule.scale, 1 / 0.75F);
  EXPECT_EQ(rule.shift, 0);
  EXPECT_EQ(rule.dropped, 0);
  EXPECT_EQ(rule_of(0).threshold, 0U) << "nothing is dropped";
}

// a, b and what a dropped element becomes, worked out from Keras's formula to seven digits.
TEST(DropoutRule, AlphaDropoutIsKeras) {
  const kernels::DropoutRule quarter = alpha_rule(0.25);
  EXPECT_EQ(quarter.threshold, 16384U);
  EXPECT_NEAR(quarter.scale, 0.8672579, 1e-7);
  EXPECT_NEAR(quarter.shift, 0.3811814, 1e-7);
  EXPECT_NEAR(quarter.dropped, -1.1435442, 1e-7);
  const kernels::DropoutRule half = alpha_rule(0.5);
  EXPECT_NEAR(half.scale, 0.8864049, 1e-7);
  EXPECT_NEAR(half.shift, 0.7791939, 1e-7);
  EXPECT_NEAR(half.dropped, -0.7791939, 1e-7);
}

// Rates that 1/65536 does not divide, and those nearest to 0 and 1 are rounded; the scale is that
// of what is really kept.
TEST(DropoutRule, KeepsTheMeanOfWhatItKeeps) {
  for (const double rate : {0.1, 0.3, 0.7, 0.99, 0.99999, 1 - 1e-6, 1 - 0x1p-53, 1e-6, 1e-5}) {
    SCOPED_TRACE(rate);
    const kernels::DropoutRule rule = rule_of(rate);
    const double kept = (65536.0 - rule.threshold) / 65536;
    EXPECT_NEAR(kept, 1 - rate, 1.0 / 65536);
    EXPECT_NEAR(kept * rule.scale, 1, 0x1p-24) << "one rounded float";
  }
}

TEST(DropoutRule, RatesAtTheEnds) {
  EXPECT_EQ(rule_of(1e-6).threshold, 0U);
  EXPECT_EQ(rule_of(1e-6).scale, 1.0F) << "nothing is dropped, so nothing is scaled";
  EXPECT_EQ(rule_of(1e-5).threshold, 1U);
  EXPECT_EQ(rule_of(1 - 1e-6).threshold, 65535U) << "something is always kept";
  EXPECT_EQ(rule_of(1 - 1e-6).scale, 65536.0F);
  EXPECT_EQ(rule_of(0.99999).scale, 65536.0F);
  EXPECT_EQ(alpha_rule(1e-6).scale, 1.0F);
  EXPECT_EQ(alpha_rule(1e-6).shift, 0.0F);
}

TEST(DropoutRule, AlphaDropoutKeepsMeanAndVariance) {
  for (const double asked : {0.1, 0.3, 0.7, 1e-5}) {
    const kernels::DropoutRule rule = alpha_rule(asked);
    const double rate = rule.threshold / 65536.0;
    // Of inputs with mean 0 and variance 1.
    const double mean = (1 - rate) * rule.shift + rate * rule.dropped;
    const double square = (1 - rate) * (rule.scale * rule.scale + rule.shift * rule.shift) +
                          rate * rule.dropped * rule.dropped;
    EXPECT_NEAR(mean, 0, 3e-7) << "two rounded floats of about 1";
    EXPECT_NEAR(square, 1, 1e-6) << "three squares of rounded floats of about 1";
  }
}

TEST(DropoutRule, DropoutsOfElementsAndOfMapsShareNoPlan) {
  const auto with = [](const Layer& layer) {
    Graph graph({2, 2, 3});
    graph.add(layer);
    return graph;
  };
  using layers::SpatialDropout2D;
  EXPECT_TRUE(have_one_structure(with(layers::Dropout{0.1}), with(layers::AlphaDropout{0.5})));
  EXPECT_TRUE(have_one_structure(with(SpatialDropout2D{0.1}), with(SpatialDropout2D{0.5})));
  EXPECT_FALSE(have_one_structure(with(layers::Dropout{0.1}), with(SpatialDropout2D{0.1})));
}

}  // namespace
}  // namespace saltus::ops
