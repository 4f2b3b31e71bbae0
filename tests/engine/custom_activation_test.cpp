// Activations that are the caller's functions.
#include <algorithm>
#include <cstdint>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/accuracy.h>
#include <saltus/model.h>

#include "tests/engine/error_of.h"

namespace saltus {
namespace {

using testing::HasSubstr;

void leaky(std::span<const float> x, std::span<float> y, std::span<float> slope) {
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] > 0 ? x[i] : 0.25F * x[i];
  for (std::size_t i = 0; i < slope.size(); ++i) slope[i] = x[i] > 0 ? 1 : 0.25F;
}

/// Behind a convolution with a pool, and in a dense layer: alone, fused, in place.
Model network(const Activation& activation) {
  return Sequential({8, 8, 1},
                    {layers::Conv2D{.filters = 4, .activation = activation}, layers::MaxPooling2D{},
                     layers::Flatten{}, layers::Dense{.units = 6, .activation = activation},
                     layers::Dense{.units = 2}, layers::Softmax{}});
}

TEST(CustomActivation, TrainsToTheBitsOfTheListedOneThatItIs) {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> classes;
  for (int i = 0; i < 12 * 64; ++i) pixels.push_back(static_cast<std::uint8_t>(i * 97));
  for (int i = 0; i < 12; ++i) classes.push_back(i % 2);
  const Samples samples = {
      .count = 12, .inputs = pixels, .targets = std::span<const std::int32_t>(classes)};
  Model ours = network(Activation("leaky_relu:alpha=0.25"));
  Model theirs = network(Activation::custom("leaky_of_ours", leaky));
  for (Model* model : {&ours, &theirs}) {
    model->compile({.device = Device::cpu, .threads = 2});
    model->fit(samples, {.epochs = 3, .batch_size = 5});
  }
  for (const Weight& weight : ours.weights()) {
    EXPECT_EQ(ours.get_weights(weight.name), theirs.get_weights(weight.name)) << weight.name;
  }
  EXPECT_EQ(ours.predict(samples), theirs.predict(samples));
}

TEST(CustomActivation, WhatItThrowsReachesTheCaller) {
  struct Mine {};
  Model model =
      Sequential({1}, {layers::Dense{.units = 4,
                                     .activation = Activation::custom(
                                         "throws_here", [](auto, auto, auto) { throw Mine{}; })},
                       layers::Dense{.units = 1}});
  model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cpu, .threads = 2});
  const std::vector<float> numbers(64, 1.0F);
  EXPECT_THROW(
      model.fit({.count = 64, .inputs = numbers, .targets = std::span<const float>(numbers)}),
      Mine);
}

TEST(CustomActivation, IsKnownByItsName) {
  const Activation mine = Activation::custom("known_here", leaky);
  EXPECT_EQ(mine.str(), "known_here");
  EXPECT_EQ(Activation("known_here"), mine);
  EXPECT_EQ(mine.f(-2), -0.5F);
  EXPECT_EQ(mine.df(-2), 0.25F);
  EXPECT_EQ(mine.shape(), ActivationShape::other);
}

TEST(CustomActivation, HasNoFormulaToBeMeasuredBy) {
  const Activation mine = Activation::custom("not_measured_here", leaky);
  EXPECT_THAT(error_of([&] { measure_accuracy(mine); }),
              HasSubstr("no formula to be compared with"));
}

TEST(CustomActivation, NamesAndFunctionsAreChecked) {
  Activation::custom("taken_here", leaky);
  EXPECT_THAT(error_of([] { Activation::custom("taken_here", leaky); }), HasSubstr("already"));
  EXPECT_THAT(error_of([] { Activation::custom("ReLU", leaky); }), HasSubstr("already"));
  EXPECT_THAT(error_of([] { Activation::custom("a:b", leaky); }), HasSubstr("cannot name"));
  EXPECT_THAT(error_of([] { Activation::custom("empty_here", {}); }), HasSubstr("no function"));
}

}  // namespace
}  // namespace saltus
