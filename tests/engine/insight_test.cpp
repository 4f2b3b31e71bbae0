// What callbacks and users may look into: a layer's outputs, and gradients.
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>

#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using testing::HasSubstr;

const std::vector<float> kInputs = {1, -2, 0.5F, 3, -1, 1};  // three samples of two
const std::vector<float> kTargets = {1, 2, -1};

Samples samples() {
  return {.count = 3, .inputs = kInputs, .targets = std::span<const float>(kTargets)};
}

/// x -> dense (relu) -> dense_1, and x -> other, added and summed up.
Model two_ways() {
  Graph graph({2});
  graph.add(layers::Dense{.units = 4, .activation = "relu"});
  const NodeId left = graph.add(layers::Dense{.units = 3});
  const NodeId right = graph.add_to({0}, layers::Dense{.units = 3}, "other");
  graph.add_to({left, right}, layers::Add{});
  graph.add(layers::Dropout{0.5});
  graph.add(layers::Dense{.units = 1}, "last");
  Model model(graph);
  model.compile({.loss = losses::MeanSquaredError{},
                 .optimizer = SGD{.learning_rate = 0.25, .clipping = {.clipvalue = 1e-3}},
                 .threads = 1});
  return model;
}

TEST(Outputs, AreThoseOfEachLayer) {
  Model model = two_ways();
  const std::vector<float> kernel = model.get_weights("dense/kernel");
  const std::vector<float> hidden = model.outputs("dense", samples());
  ASSERT_EQ(hidden.size(), 12U);
  for (std::size_t row = 0; row < 3; ++row) {
    for (std::size_t unit = 0; unit < 4; ++unit) {
      const double sum = static_cast<double>(kInputs[2 * row]) * kernel[unit] +
                         static_cast<double>(kInputs[2 * row + 1]) * kernel[4 + unit];
      EXPECT_NEAR(hidden[4 * row + unit], std::max(sum, 0.0), 1e-6);
    }
  }
  const std::vector<float> left = model.outputs("dense_1", samples());
  const std::vector<float> right = model.outputs("other", samples());
  const std::vector<float> sum = model.outputs("add", samples(), 2);
  ASSERT_EQ(sum.size(), 9U);
  for (std::size_t i = 0; i < sum.size(); ++i) EXPECT_EQ(sum[i], left[i] + right[i]);
  EXPECT_EQ(model.outputs("dropout", samples()), sum);
  EXPECT_EQ(model.outputs("input_layer", samples()), kInputs);
  EXPECT_EQ(model.outputs("last", samples()), model.predict(samples()));
  EXPECT_EQ(error_of([&] { model.outputs("lasst", samples()); }),
            "the model has no layer 'lasst': did you mean last?");
}

/// The kernel of the last layer sees the outputs before it: dw = mean 2 (y - t) h, before clipping.
TEST(Gradients, AreThoseOfTheBatchTrainedLast) {
  Graph graph({2});
  graph.add(layers::Dense{.units = 2, .activation = "tanh"});
  graph.add(layers::Dense{.units = 1});
  Model model(graph);
  model.compile({.loss = losses::MeanSquaredError{},
                 .optimizer = SGD{.clipping = {.clipvalue = 1e-3}},
                 .threads = 1});
  const std::vector<float> hidden = model.outputs("dense", samples());
  const std::vector<float> y = model.predict(samples());
  std::vector<double> want(2, 0);
  for (std::size_t row = 0; row < 3; ++row) {
    const double pull = 2.0 * (static_cast<double>(y[row]) - kTargets[row]) / 3;
    for (std::size_t i = 0; i < 2; ++i) want[i] += pull * hidden[2 * row + i];
  }
  std::vector<float> got;
  std::string unknown;
  std::string too_early;
  model.fit(samples(), {.batch_size = 3,
                        .callbacks = {LambdaCallback{
                            .on_train_begin =
                                [&](const FitInfo&, TrainingControl& control) {
                                  too_early =
                                      error_of([&] { control.gradients("dense_1/kernel"); });
                                },
                            .on_epoch_end =
                                [&](int, const Logs&, TrainingControl& control) {
                                  got = control.gradients("dense_1/kernel");
                                  unknown = error_of([&] { control.gradients("dense_1/kernal"); });
                                }}}});
  ASSERT_EQ(got.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) EXPECT_NEAR(got[i], want[i], 1e-6 * std::abs(want[i]));
  EXPECT_THAT(too_early, HasSubstr("no gradients yet"));
  EXPECT_THAT(unknown, HasSubstr("did you mean dense_1/kernel"));
}

TEST(Gradients, OfWhatIsNotTrainedAreRefused) {
  Model model = Sequential({2}, {layers::BatchNormalization{}, layers::Dense{.units = 1}});
  model.compile({.loss = losses::MeanSquaredError{}, .threads = 1});
  std::string message;
  model.fit(samples(),
            {.callbacks = {LambdaCallback{.on_epoch_end = [&](int, const Logs&,
                                                              TrainingControl& control) {
               message = error_of([&] { control.gradients("batch_normalization/moving_mean"); });
             }}}});
  EXPECT_THAT(message, HasSubstr("is not trained and has no gradient"));
}

}  // namespace
}  // namespace saltus
