// Losses and metrics that are formulas, on the device.
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/kernels/batch_sums.h>
#include <saltus/model.h>

#include "tests/engine/cuda/against_cpu.h"
#include "tests/engine/cuda/stand_ins/stand_ins.h"
#include "tests/engine/error_of.h"

namespace saltus::tests {
namespace {

constexpr const char* kBinary =
    "-t * log(clip(y, 0.001, 0.999)) - (1 - t) * log(1 - clip(y, 0.001, 0.999))";

CompileOptions options_of(const Loss& loss, const std::vector<Metric>& metrics) {
  CompileOptions options = compile_options();
  options.loss = loss;
  options.metrics = metrics;
  return options;
}

Outcome trained(const backend::Backend& backend, const CompileOptions& options,
                const char* activation = "tanh") {
  const Images images;
  train::Trainer trainer(backend, {{small_network(activation), SGD{.learning_rate = 0.1}, 3}},
                         options);
  const std::vector<History> histories = trainer.fit(images.samples(), fit_options(images), {});
  return {trainer, 0, histories[0]};
}

TEST(CudaLossFormulas, TrainAsOnTheCpu) {
  // Sums are added up in another order: a few units in the last place.
  constexpr double kBound = 0x1p-20;
  const std::vector<Metric> metrics = {Metric::formula("near = abs(y - t) < 0.4"),
                                       metrics::BinaryAccuracy{},
                                       Metric::formula("off = (y - t)^2")};
  for (const char* loss : {"(y - t)^2", kBinary}) {
    for (const char* activation : {"tanh", "x * atan(exp(x))"}) {  // beside formulas of both kinds
      const CompileOptions options = options_of(Loss::formula(loss), metrics);
      const Outcome on_cpu = trained(backend::cpu(), options, activation);
      const Outcome on_gpu = trained(backend::cuda(), options, activation);
      EXPECT_LT(largest_difference(on_cpu.weights, on_gpu.weights), kBound) << loss;
      for (const char* figure :
           {"loss", "val_loss", "near", "val_near", "off", "val_off", "binary_accuracy"}) {
        const std::vector<double>& want = on_cpu.figures.at(figure);
        const std::vector<double>& got = on_gpu.figures.at(figure);
        ASSERT_EQ(got.size(), want.size());
        for (std::size_t i = 0; i < want.size(); ++i)
          EXPECT_NEAR(got[i], want[i], 1e-6) << figure << " of " << loss;
      }
    }
  }
}

TEST(CudaLossFormulas, AreTheListedOnesThatTheyAre) {
  const Outcome listed = trained(backend::cuda(), options_of(losses::MeanSquaredError{}, {}));
  const Outcome typed = trained(backend::cuda(), options_of(Loss::formula("(y - t)^2"), {}));
  EXPECT_EQ(typed.weights, listed.weights);
  EXPECT_EQ(typed.figures.at("loss"), listed.figures.at("loss"));
}

TEST(CudaLossFormulas, MetricsStandBesideALossOfASoftmax) {
  const CompileOptions options =
      options_of(losses::CategoricalCrossentropy{}, {Metric::formula("all = y")});
  const Outcome outcome = trained(backend::cuda(), options);
  // The probabilities of three classes.
  for (const double figure : outcome.figures.at("val_all")) EXPECT_NEAR(figure, 1.0 / 3, 1e-15);
}

TEST(CudaLossFormulas, AreRefusedWhereTheyCannotBeCompiled) {
  set_installed("libnvrtc.so.13", false);
  Model model = Sequential({2}, {layers::Dense{.units = 1}});
  EXPECT_EQ(error_of<DeviceError>([&] {
              model.compile({.loss = Loss::formula("(y - t)^2"), .device = Device::cuda});
            }),
            "install cuda-nvrtc");
  set_installed("libnvrtc.so.13", true);
}

TEST(CudaLossFormulas, MoreMetricsThanThereIsRoomForAreRefused) {
  std::vector<Metric> metrics;
  for (int i = 0; i <= kernels::kMostFormulaMetrics; ++i)
    metrics.push_back(Metric::formula(fmt::format("m{0} = y > {0}", i)));
  Model model = Sequential({2}, {layers::Dense{.units = 1}});
  EXPECT_EQ(error_of([&] {
              model.compile(
                  {.loss = losses::MeanSquaredError{}, .metrics = metrics, .device = Device::cuda});
            }),
            "9 metrics that are formulas are more than the 8 that a model has on a GPU: leave some "
            "out, or use device cpu");
}

}  // namespace
}  // namespace saltus::tests
