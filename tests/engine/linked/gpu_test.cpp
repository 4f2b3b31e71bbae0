// Linked formulas on a GPU, where there is one: the bits of a CPU, and of the same trial beside
// others and alone.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>

#include "backend/backend.h"
#include "tests/engine/cuda/crew.h"
#include "tests/engine/formula_list.h"

namespace saltus::tests {
namespace {

class FormulasOnGpu : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string obstacle = backend::cuda_obstacle(); !obstacle.empty())
      GTEST_SKIP() << "FORMULAS WERE NOT RUN ON A GPU: " << obstacle;
  }
};

/// How many floats lie between two; none between NaN and NaN.
std::int64_t distance(float a, float b) {
  if (std::isnan(a) || std::isnan(b))
    return std::isnan(a) && std::isnan(b) ? 0 : std::numeric_limits<std::int64_t>::max();
  const auto place = [](float value) {
    const auto bits = std::bit_cast<std::int32_t>(value);
    return std::int64_t{bits < 0 ? -(bits & 0x7fffffff) : bits};
  };
  return std::abs(place(a) - place(b));
}

std::int64_t largest_distance(const std::string& text, const std::vector<float>& x) {
  const std::vector<float> on_cpu = predicted(text, Device::cpu, x);
  const std::vector<float> on_gpu = predicted(text, Device::cuda, x);
  std::int64_t largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i)
    largest = std::max(largest, distance(on_gpu[i], on_cpu[i]));
  return largest;
}

TEST_F(FormulasOnGpu, HaveTheBitsOfTheCpu) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> ordinary(100'000);
  for (int i = 0; i < 100'000; ++i)
    ordinary[static_cast<std::size_t>(i)] = static_cast<float>(i - 50'000) * 0.00005F;
  const std::vector<float> special = {0, -0.0F, kInfinity, -kInfinity, 1e30F, -1e30F, 1e-40F, 200};
  for (const std::string& text : formula_list()) {
    EXPECT_EQ(largest_distance(text, ordinary), 0) << text;
    // In double: CUDA's functions may differ from the host's in the last bit of a double.
    EXPECT_LE(largest_distance(text, special), 1) << text;
  }
}

TEST_F(FormulasOnGpu, HaveTheBitsOfTheCpuWithLearnedParameters) {
  std::vector<float> x(20'000);
  for (int i = 0; i < 20'000; ++i)
    x[static_cast<std::size_t>(i)] = static_cast<float>(i - 10'000) * 0.0007F;
  for (const std::string& text : learned_list()) EXPECT_EQ(largest_distance(text, x), 0) << text;
}

/// Weights and figures of a training with a learned activation, and a loss and a metric that are
/// formulas.
Outcome trained(const backend::Backend& backend) {
  CompileOptions options = compile_options();
  options.loss = Loss::formula("log(1 + (y - t)^2)");
  options.metrics = {Metric::formula("off = (y - t)^2")};
  const Images images;
  train::Trainer trainer(
      backend, {{small_network("swish:beta=learned channel"), SGD{.learning_rate = 0.1}, 3}},
      options);
  const std::vector<History> histories = trainer.fit(images.samples(), fit_options(images), {});
  return {trainer, 0, histories[0]};
}

TEST_F(FormulasOnGpu, TrainAsOnTheCpu) {
  const Outcome on_cpu = trained(backend::cpu());
  const Outcome on_gpu = trained(backend::cuda());
  // Sums are added up in another order: a few units in the last place of weights of about 1.
  for (std::size_t i = 0; i < on_cpu.weights.size(); ++i)
    EXPECT_NEAR(on_gpu.weights[i], on_cpu.weights[i], 0x1p-19) << i;
  for (const char* figure : {"val_loss", "val_off"})
    EXPECT_NEAR(on_gpu.figures.at(figure).back(), on_cpu.figures.at(figure).back(), 1e-6) << figure;
}

TEST_F(FormulasOnGpu, AreTheSameAloneAndBesideListedOnes) {
  const auto entries = [] {
    return std::vector<train::Entry>{
        {small_network("x * atan(exp(x))"), Adam{}, 1},
        {small_network("gelu"), Adam{.learning_rate = 0.01}, 2},
        {small_network("where(x > 0, x, slope * tanh(x)); slope = 0.5"), Adam{}, 3},
        {small_network("relu"), Adam{}, 4}};
  };
  for (const Precision precision : {Precision::fp32, Precision::tf32, Precision::bf16}) {
    const std::vector<Outcome> together = train_side_by_side(entries(), precision);
    for (std::size_t i = 0; i < together.size(); ++i)
      EXPECT_EQ(together[i], train_side_by_side({entries()[i]}, precision)[0]) << "trial " << i;
  }
}

}  // namespace
}  // namespace saltus::tests
