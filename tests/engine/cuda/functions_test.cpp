// What only a CPU can call is refused before anything trains.
#include <span>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>

#include "tests/engine/error_of.h"

namespace saltus::tests {
namespace {

TEST(CudaFunctions, LossesAndMetricsOfTheCallersAreRefused) {
  Model model = Sequential({2}, {layers::Dense{.units = 1}});
  const Loss loss = Loss::custom("my_loss", [](auto, auto, auto) { return 0.0; });
  const Metric metric = Metric::custom("error", [](auto, auto) { return 0.0; });
  EXPECT_EQ(error_of([&] { model.compile({.loss = loss, .device = Device::cuda}); }),
            "loss my_loss is a C++ function, which only a CPU can call; use device cpu");
  EXPECT_EQ(
      error_of([&] {
        model.compile(
            {.loss = losses::MeanSquaredError{}, .metrics = {metric}, .device = Device::cuda});
      }),
      "metric error is a C++ function, which only a CPU can call; use device cpu");
}

TEST(CudaFunctions, ActivationsOfTheCallersAreRefused) {
  const Activation mine = Activation::custom("refused_here", [](auto, auto, auto) {});
  Model model = Sequential({2}, {layers::Dense{.units = 1, .activation = mine}});
  EXPECT_EQ(error_of([&] {
              model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cuda});
            }),
            "activation refused_here is a C++ function, which only a CPU can call; use device cpu");
}

TEST(CudaFunctions, FormulasOfTheListRunAsTheLists) {
  const std::vector<float> x = {-2, -0.5F, 0, 0.25F, 1, 3};
  const Samples samples = {
      .count = 3, .inputs = std::span<const float>(x), .targets = std::span<const float>()};
  const auto predicted = [&](const char* activation) {
    Model model = Sequential({2}, {layers::Dense{.units = 3, .activation = activation}});
    model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cuda});
    return model.predict(samples);
  };
  EXPECT_EQ(predicted("x * tanh(softplus(x))"), predicted("mish"));
}

}  // namespace
}  // namespace saltus::tests
