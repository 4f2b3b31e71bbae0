// Learned parameters on the device: the values of a CPU, and trainings that go the same way.
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/model.h>

#include "tests/engine/cuda/against_cpu.h"
#include "tests/engine/cuda/stand_ins/stand_ins.h"
#include "tests/engine/error_of.h"

namespace saltus::tests {
namespace {

TEST(CudaLearned, HasTheBitsOfTheCpu) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> x = {0, -0.0F, kInfinity, -kInfinity, 1e30F, -1e30F, 1e-40F, 100};
  for (int i = 0; i < 400; ++i) x.push_back(static_cast<float>(i - 200) * 0.093F);
  std::vector<std::string> all = learned_list();
  for (const ActivationInfo& info : activation_list())
    if (info.parameters.size() > 0 && info.name != "binary_step") all.push_back(all_learned(info));
  for (const std::string& text : all) expect_the_bits_of_the_cpu(text, x);
}

TEST(CudaLearned, TrainsAsOnTheCpu) {
  // Sums are added up in another order: a few units in the last place of weights of about 1.
  constexpr double kBound = 0x1p-19;
  for (const char* activation :
       {"swish:beta=learned", "swish:beta=learned channel", "pelu:a=2 learned channel:b=learned",
        "x * atan(exp(b * x)); b = 1.25 learned",
        "learned_ends = where(x > 0, x, a * x); a = 0.1 in [0.0999, 0.1001] learned channel"}) {
    EXPECT_LT(difference_from_the_cpu(activation), kBound) << activation;
  }
}

TEST(CudaLearned, IsLeftAloneByWeightDecay) {
  constexpr double kBound = 0x1p-19;
  const AdamW decaying{.learning_rate = 1e-6, .weight_decay = 1e5};  // 10 % a step
  EXPECT_LT(difference_from_the_cpu("swish:beta=learned", decaying), kBound);
}

class CudaLearnedPrecision : public testing::TestWithParam<Precision> {};

INSTANTIATE_TEST_SUITE_P(All, CudaLearnedPrecision,
                         testing::Values(Precision::fp32, Precision::tf32, Precision::bf16),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(CudaLearnedPrecision, IsTheSameAloneAndBesideOthers) {
  const auto entry = [](double rate, std::uint64_t seed) {
    return train::Entry{small_network("swish:beta=0.8 learned channel"),
                        Adam{.learning_rate = rate}, seed};
  };
  const std::vector<train::Entry> entries = {entry(0.001, 1), entry(0.01, 1), entry(0.001, 2)};
  const std::vector<Outcome> together = train_side_by_side(entries, GetParam());
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i], train_side_by_side({entries[i]}, GetParam())[0]) << "trial " << i;
    const std::vector<double>& beta = together[i].figures.at("activation/beta");
    EXPECT_NE(beta.back(), double{0.8F});
  }
}

TEST(CudaLearned, IsRefusedWhereItCannotBeCompiled) {
  set_installed("libnvrtc.so.13", false);
  Model model = Sequential({2}, {layers::Dense{.units = 1, .activation = "swish:beta=learned"}});
  EXPECT_EQ(error_of<DeviceError>([&] {
              model.compile({.loss = losses::MeanSquaredError{}, .device = Device::cuda});
            }),
            "install cuda-nvrtc");
  set_installed("libnvrtc.so.13", true);
}

}  // namespace
}  // namespace saltus::tests
