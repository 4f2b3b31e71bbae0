#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>

#include <saltus/model.h>
#include <saltus/moments.h>

#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using namespace saltus::layers;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using ::testing::Pointwise;

/// Four rows of four columns, two of which never change.
const std::vector<float> kRows = {1, 5, -0.1F, 1e6F,      3,    5, -0.1F, 1e6F + 4,
                                  8, 5, -0.1F, 1e6F + 20, 2.5F, 5, -0.1F, 1e6F - 8};

Samples samples_of(const std::vector<float>& rows) {
  return {.count = std::ssize(rows) / 4, .inputs = std::span(rows), .targets = {}};
}

Model standardizing(const FeatureMoments& moments) {
  Model model = Sequential({4}, {Normalization{}});
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = 1});
  model.set_weights("normalization/mean", moments.mean);
  model.set_weights("normalization/variance", moments.variance);
  return model;
}

// Facts of Keras 3.15.1: layers.Normalization().adapt(rows), its weights, and what it makes of
// them.
TEST(Moments, AreThoseThatKerasAdaptsTo) {
  const FeatureMoments moments = moments_of(samples_of(kRows), 4);
  EXPECT_THAT(moments.mean, ElementsAre(3.625F, 5, -0.1F, 1000004));
  EXPECT_THAT(moments.variance, ElementsAre(6.921875F, 0, 0, 104));
  EXPECT_THAT(standardizing(moments).predict(samples_of(kRows)),
              Pointwise(FloatEq(), {-0.9977400898933411F, 0.0F, 0.0F, -0.3922322690486908F,
                                    -0.23755715787410736F, 0.0F, 0.0F, 0.0F, 1.6629000902175903F,
                                    0.0F, 0.0F, 1.5689290761947632F, -0.4276028871536255F, 0.0F,
                                    0.0F, -1.17669677734375F}));
  EXPECT_THAT(standardizing(moments).predict(samples_of({2, 6, 0.2F, 1e6F})),
              Pointwise(FloatEq(), {-0.6176486611366272F, 1e7F, 3e6F, -0.3922322690486908F}));
}

TEST(Moments, AreOfBytesAsTheNetworkSeesThem) {
  const std::vector<std::uint8_t> pixels = {0, 51, 255, 51, 102, 51, 255, 51};  // two channels
  const FeatureMoments moments =
      moments_of(Samples{.count = 1, .inputs = std::span(pixels), .targets = {}}, 2);
  EXPECT_THAT(moments.mean, ElementsAre(FloatEq(0.6F), 51 * (1.0F / 255)));
  EXPECT_FLOAT_EQ(moments.variance[0], (0.36F + 0.16F + 0.04F + 0.16F) / 4);
  EXPECT_EQ(moments.variance[1], 0);
}

TEST(Moments, NeedWholeSamples) {
  EXPECT_THAT(error_of([] { moments_of(std::span(kRows), 3); }), HasSubstr("no moments of 3"));
  EXPECT_THAT(error_of([] { moments_of(std::span<const float>(), 1); }), HasSubstr("0 values"));
}

/// Statistics that are set stay, while those of a BatchNormalization beside them move.
TEST(Moments, StayWhileTheNetworkTrains) {
  Model model = Sequential({4}, {BatchNormalization{}, Normalization{}, Dense{.units = 1}});
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = 1});
  model.set_weights("normalization/mean", std::vector<float>{1, 2, 3, 4});
  model.set_weights("normalization/variance", std::vector<float>{5, 6, 7, 8});
  const std::vector<float> targets = {1, 2, 3, 4};
  Samples samples = samples_of(kRows);
  samples.targets = std::span(targets);
  model.fit(samples, {.epochs = 2, .batch_size = 2});
  EXPECT_THAT(model.get_weights("normalization/mean"), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(model.get_weights("normalization/variance"), ElementsAre(5, 6, 7, 8));
  // Four batches of two rows, whose means are 3.625 in the mean, by a momentum of 0.99.
  EXPECT_NEAR(model.get_weights("batch_normalization/moving_mean")[0], 4 * 0.01 * 3.625, 0.01);
}

}  // namespace
}  // namespace saltus
