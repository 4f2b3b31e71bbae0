// Losses and metrics that are the caller's functions, and weights of samples and classes.
#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>

#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kCount = 8;
const std::vector<float> kInputs = {0.5F, -1, 2, 0.25F, -0.75F, 1, 3, -2,
                                    1.5F, 0,  1, -1,    0.125F, 4, 2, -0.5F};
const std::vector<float> kTargets = {1, 0, 0.5F, -1, 2, 1, 0, 0.25F, 1, 1, -2, 0, 3, 1, 0.5F, 0};
const std::vector<std::int32_t> kClasses = {0, 1, 1, 0, 1, 0, 0, 1};

Samples with_values() {
  return {.count = kCount, .inputs = kInputs, .targets = std::span<const float>(kTargets)};
}
Samples with_classes() {
  return {.count = kCount, .inputs = kInputs, .targets = std::span<const std::int32_t>(kClasses)};
}

Model network() {
  return Sequential({2},
                    {layers::Dense{.units = 6, .activation = "tanh"}, layers::Dense{.units = 2}});
}

double squared_error(std::span<const float> y, std::span<const float> t,
                     std::span<float> gradient) {
  double loss = 0;
  for (std::size_t j = 0; j < y.size(); ++j) {
    const double error = static_cast<double>(y[j]) - t[j];
    loss += error * error / static_cast<double>(y.size());
    gradient[j] = static_cast<float>(2 * error / static_cast<double>(y.size()));
  }
  return loss;
}

double absolute_error(std::span<const float> y, std::span<const float> t) {
  double sum = 0;
  for (std::size_t j = 0; j < y.size(); ++j) sum += std::abs(static_cast<double>(y[j]) - t[j]);
  return sum / static_cast<double>(y.size());
}

History train(Model& model, const Loss& loss, const std::vector<Metric>& metrics,
              const Samples& samples, const std::map<int, double>& class_weight = {}) {
  model.compile({.loss = loss, .metrics = metrics, .device = Device::cpu, .threads = 1});
  return model.fit(
      samples,
      {.epochs = 3, .batch_size = 4, .validation_data = samples, .class_weight = class_weight});
}

/// Two outputs and batches of four: what is divided by is a power of two, and rounding is as in the
/// loss that the library has.
TEST(CustomLoss, TrainsToTheBitsOfTheLossThatItIs) {
  Model ours = network();
  Model theirs = network();
  const History want =
      train(ours, losses::MeanSquaredError{}, {metrics::MeanAbsoluteError{}}, with_values());
  const History got = train(theirs, Loss::custom("mine", squared_error),
                            {Metric::custom("error", absolute_error)}, with_values());
  for (const Weight& weight : ours.weights()) {
    EXPECT_EQ(ours.get_weights(weight.name), theirs.get_weights(weight.name)) << weight.name;
  }
  EXPECT_EQ(got.at("loss"), want.at("loss"));
  EXPECT_EQ(got.at("val_loss"), want.at("val_loss"));
  EXPECT_EQ(got.at("error"), want.at("mean_absolute_error"));
  EXPECT_EQ(got.at("val_error"), want.at("val_mean_absolute_error"));
}

TEST(CustomLoss, SeesClassNumbersAsOneHotRows) {
  std::vector<std::vector<float>> rows;
  const Loss loss = Loss::custom("watch", [&](auto y, auto t, auto gradient) {
    rows.emplace_back(t.begin(), t.end());
    std::fill(gradient.begin(), gradient.end(), 0.0F);
    return 1.0 * static_cast<double>(y.size());
  });
  Model model = network();
  model.compile({.loss = loss, .device = Device::cpu, .threads = 1});
  EXPECT_EQ(model.evaluate(with_classes()).at("loss"), 2);
  ASSERT_EQ(rows.size(), kClasses.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i], (kClasses[i] == 0 ? std::vector<float>{1, 0} : std::vector<float>{0, 1}));
  }
}

TEST(CustomLoss, WhatItThrowsReachesTheCaller) {
  struct Mine {};
  Model model = network();
  model.compile({.loss = Loss::custom("throws", [](auto, auto, auto) -> double { throw Mine{}; }),
                 .device = Device::cpu});
  EXPECT_THROW(model.fit(with_values()), Mine);
  model.compile({.loss = losses::MeanSquaredError{},
                 .metrics = {Metric::custom("throws", [](auto, auto) -> double { throw Mine{}; })},
                 .device = Device::cpu});
  EXPECT_THROW(model.evaluate(with_values()), Mine);
}

TEST(CustomLoss, NamesAndFunctionsAreChecked) {
  EXPECT_THAT(error_of([] { Loss::custom("", squared_error); }), HasSubstr("needs a name"));
  EXPECT_THAT(error_of([] { Loss::custom("mine", {}); }), HasSubstr("loss mine has no function"));
  EXPECT_THAT(error_of([] { Loss::custom("mean_squared_error", squared_error); }),
              HasSubstr("there is a loss mean_squared_error already"));
  EXPECT_THAT(error_of([] { Metric::custom("binary_accuracy", absolute_error); }),
              HasSubstr("there is a metric binary_accuracy already"));
  EXPECT_THAT(error_of([] { Metric::custom("loss", absolute_error); }),
              HasSubstr("another figure named loss"));
  const Metric one = Metric::custom("twice", absolute_error);
  const Metric other = Metric::custom("twice", absolute_error);
  EXPECT_NE(one, other);
  EXPECT_EQ(to_string(one), "twice");
  Model model = network();
  EXPECT_THAT(error_of([&] {
                model.compile({.metrics = {one, other}});
              }),
              HasSubstr("metric twice is given twice"));
}

TEST(ClassWeight, MultipliesTheWeightsOfSamples) {
  const std::vector<float> own = {1, 2, 0.5F, 1, 3, 1, 0, 1};
  std::vector<float> product = own;
  for (std::size_t i = 0; i < product.size(); ++i) product[i] *= kClasses[i] == 1 ? 4.0F : 1.0F;
  std::vector<float> one_hot;
  for (const std::int32_t number : kClasses) {
    one_hot.push_back(number == 0 ? 1.0F : 0.0F);
    one_hot.push_back(number == 1 ? 1.0F : 0.0F);
  }
  Samples weighted = with_classes();
  weighted.weights = product;
  Samples by_class = with_classes();
  by_class.weights = own;
  Samples by_largest = by_class;
  by_largest.targets = std::span<const float>(one_hot);
  Model model = network();
  const Loss loss = losses::CategoricalCrossentropy{.from_logits = true};
  const History want = train(model, loss, {}, weighted);
  EXPECT_EQ(train(model, loss, {}, by_class, {{1, 4}}).at("loss"), want.at("loss"));
  EXPECT_EQ(train(model, loss, {}, by_largest, {{1, 4}}).at("loss"), want.at("loss"));
  EXPECT_NE(train(model, loss, {}, by_class).at("loss"), want.at("loss"));
}

TEST(ClassWeight, OfOneOutputIsThatOfTheRoundedValue) {
  const std::vector<float> values = {0, 0.75F, 1, 0.25F, 0.5F, 0, 0, 1};
  const std::vector<float> weights = {1, 3, 3, 1, 3, 1, 1, 3};
  Samples samples = {.count = kCount, .inputs = kInputs, .targets = std::span(values)};
  const auto loss_of = [&](const std::map<int, double>& classes) {
    Model model = Sequential({2}, {layers::Dense{.units = 1}});
    return train(model, losses::MeanSquaredError{}, {}, samples, classes).at("loss");
  };
  const std::vector<double> by_class = loss_of({{1, 3}});
  samples.weights = weights;
  EXPECT_EQ(by_class, loss_of({}));
}

TEST(ClassWeight, WhatCannotBeIsRefused) {
  const auto refused = [](const std::vector<float>& weights, const std::map<int, double>& classes) {
    Samples samples = with_classes();
    samples.weights = weights;
    Model model = network();
    return error_of([&] {
      train(model, losses::CategoricalCrossentropy{.from_logits = true}, {}, samples, classes);
    });
  };
  EXPECT_THAT(refused({1, 2}, {}), HasSubstr("hold 2 weights, but 8 samples take one each"));
  EXPECT_THAT(refused({1, 1, 1, -1, 1, 1, 1, 1}, {}), HasSubstr("weight 3 of the training"));
  EXPECT_THAT(refused({1, 1, 1, 1, 1, 1, 1, std::numeric_limits<float>::quiet_NaN()}, {}),
              HasSubstr("must be finite and not negative"));
  EXPECT_THAT(refused({}, {{2, 1}}), HasSubstr("class_weight names class 2"));
  EXPECT_THAT(refused({}, {{0, -1}}), HasSubstr("class_weight of class 0 is -1"));
}

}  // namespace
}  // namespace saltus
