// Formulas on the device, beside activations of the list in the same launches.
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/model.h>

#include "tests/engine/cuda/against_cpu.h"
#include "tests/engine/cuda/stand_ins/stand_ins.h"
#include "tests/engine/error_of.h"

namespace saltus::tests {
namespace {

constexpr const char* kFormula = "x * atan(exp(x))";
constexpr const char* kWithParameter = "where(x > 0, x, slope * tanh(x)); slope = 0.5";

std::vector<train::Entry> entries() {
  return {{small_network(kFormula), Adam{}, 1},
          {small_network("gelu"), Adam{.learning_rate = 0.01}, 2},
          {small_network(kWithParameter), SGD{.learning_rate = 0.1, .momentum = 0.9}, 3},
          {small_network("relu"), Adam{}, 4},
          {small_network("where(x > 0, x, slope * tanh(x)); slope = 0.25"), Adam{}, 5}};
}

class CudaFormulas : public testing::TestWithParam<Precision> {};

INSTANTIATE_TEST_SUITE_P(All, CudaFormulas,
                         testing::Values(Precision::fp32, Precision::tf32, Precision::bf16),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(CudaFormulas, AreTheSameAloneAndBesideListedOnes) {
  const std::vector<Outcome> together = train_side_by_side(entries(), GetParam());
  ASSERT_EQ(together.size(), 5U);
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i], train_side_by_side({entries()[i]}, GetParam())[0]) << "trial " << i;
    EXPECT_EQ(together[i].figures.at("val_loss").size(), 2U);
    EXPECT_NE(together[i].weights, together[(i + 1) % together.size()].weights);
  }
}

TEST(CudaFormula, HasTheBitsOfTheCpu) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = {0, -0.0F, kInfinity, -kInfinity, 1e30F, -1e30F, 1e-40F, 100};
  for (int i = 0; i < 1000; ++i) x.push_back(static_cast<float>(i - 500) * 0.037F);
  for (const std::string& text : formula_list()) expect_the_bits_of_the_cpu(text, x);
}

TEST(CudaFormula, TrainsAsOnTheCpu) {
  // Sums are added up in another order: a few units in the last place of weights below 1, for
  // activations of the list as for formulas.
  constexpr double kBound = 0x1p-20;
  for (const char* activation : {"gelu", "tanh", kFormula, kWithParameter}) {
    EXPECT_LT(difference_from_the_cpu(activation), kBound) << activation;
  }
}

TEST(CudaFormula, IsRefusedWhereItCannotBeCompiled) {
  set_installed("libnvrtc.so.13", false);
  Model model = Sequential({2}, {layers::Dense{.units = 1, .activation = kFormula}});
  EXPECT_EQ(error_of<DeviceError>([&] {
              model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cuda});
            }),
            "install cuda-nvrtc");
  // What is an activation of the list in other words needs no compiler.
  Model listed =
      Sequential({2}, {layers::Dense{.units = 1, .activation = "x * tanh(softplus(x))"}});
  EXPECT_NO_THROW(listed.compile({.loss = losses::MeanSquaredError{}, .device = Device::cuda}));
  set_installed("libnvrtc.so.13", true);
}

}  // namespace
}  // namespace saltus::tests
