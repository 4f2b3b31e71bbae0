#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/head/head.h>
#include <saltus/loss.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"
#include "tests/kernels/device/windows.h"

namespace saltus::test {
namespace {

using kernels::BatchSums;
using kernels::Bf16;

constexpr int kTrials = 3;  // of which the second is not active
constexpr int kRows = 5;
constexpr int kMaxRows = 6;

struct Case {
  int inputs, outputs;
  bool bias, drop, slope;
  ListedLoss loss = losses::BinaryCrossentropy{};
};

/// What a launch writes; equal to the last bit, but for the sign of zeros.
struct Written {
  std::vector<float> y, dy, dx;
  std::vector<double> losses;
  bool operator==(const Written&) const = default;
};

/// A head in arrays of T where products read, and the same by one launch and by all those that it
/// stands for.
template <class T>
class Network {
 public:
  explicit Network(const Case& c) : c_(c) {}

  Written fused(bool trains = true) {
    kernels::Head step{.x = x_.per_trial(kTrials),
                       .w = w_.per_trial(kTrials),
                       .y = y_.per_trial(kTrials),
                       .loss = loss(trains),
                       .dy = dy_.per_trial(kTrials),
                       .inputs = c_.inputs};
    if (c_.bias) step.bias = bias_.per_trial(kTrials);
    if (trains) step.dx = dx_.per_trial(kTrials);
    if (c_.drop) step.drop_slot = 0;
    if (c_.slope) step.slope = slope_.per_trial(kTrials);
    kernels::head(step, table_.context());
    return written();
  }

  Written apart() {
    kernels::Epilogue<float> epilogue{.y = y_.per_trial(kTrials)};
    if (c_.bias) epilogue.bias = bias_.per_trial(kTrials);
    const kernels::Window window =
        window_of({.image = {1, 1}, .size = {1, 1}, .in = c_.inputs, .out = c_.outputs});
    kernels::convolution_forward<T, float>(
        kernels::Engine::simt, {window, x_.per_trial(kTrials), w_.per_trial(kTrials), epilogue, {}},
        table_.context());
    kernels::evaluate_loss(loss(true), table_.context());
    const DeviceArray<float> of_product(std::vector<float>(elements_, 0));
    const DeviceArray<float> of_drop(std::vector<float>(elements_, 0));
    kernels::PerTrial<float> gradient = of_product.per_trial(kTrials);
    kernels::convolution_backward_data<T, float>(
        kernels::Engine::simt, {window, dy_.per_trial(kTrials), w_.per_trial(kTrials), gradient},
        table_.context());
    if (c_.drop) {
      kernels::drop_backward({gradient, of_drop.per_trial(kTrials), c_.inputs, 0},
                             table_.context());
      gradient = of_drop.per_trial(kTrials);
    }
    const DeviceArray<float> ones(std::vector<float>(elements_, 1));
    kernels::activate_backward({gradient, (c_.slope ? slope_ : ones).per_trial(kTrials),
                                dx_.per_trial(kTrials), c_.inputs},
                               table_.context());
    return written();
  }

 private:
  kernels::EvaluateLoss loss(bool trains) {
    sums_.write(std::vector<BatchSums>(kTrials));
    dy_.write(elements<T>(std::vector<float>(dy_.size(), kBefore)));
    dx_.write(elements<T>(std::vector<float>(dx_.size(), kBefore)));
    return {.loss = c_.loss,
            .softmax = c_.outputs > 1,
            .outputs = c_.outputs,
            .x = y_.per_trial(kTrials),
            .dx = trains ? kernels::AnyOutput(dy_.per_trial(kTrials)) : kernels::AnyOutput(),
            .targets = {.bytes = targets_.data()},
            .order = {kRows, true},
            .sums = sums_.per_trial(kTrials),
            .workspace = workspace_.per_trial(kTrials)};
  }

  Written written() const {
    Written all{y_.read(), values(dy_.read()), values(dx_.read()), {}};
    for (const BatchSums& sums : sums_.read()) {
      all.losses.push_back(sums.loss);
      all.losses.insert(all.losses.end(), std::begin(sums.metrics), std::end(sums.metrics));
    }
    return all;
  }

  static constexpr float kBefore = -77;

  Case c_;
  std::size_t elements_ = static_cast<std::size_t>(kTrials * kMaxRows * c_.inputs);
  std::size_t outputs_ = static_cast<std::size_t>(kTrials * kMaxRows * c_.outputs);
  std::size_t weights_ = static_cast<std::size_t>(kTrials * c_.inputs * c_.outputs);
  TrialTable table_{{.rows = kRows,
                     .max_rows = kMaxRows,
                     .states = {{.seed = 3, .step = 2}, {.active = 0}, {.seed = 4}},
                     .dropouts = std::vector<kernels::DropoutRule>(
                         kTrials, {.threshold = 20000, .scale = 1.5F, .shift = 0.25F})}};
  DeviceArray<T> x_{elements<T>(normal_values(elements_, 1))};
  DeviceArray<T> w_{elements<T>(normal_values(weights_, 2))};
  DeviceArray<float> bias_{normal_values(static_cast<std::size_t>(kTrials * c_.outputs), 3)};
  DeviceArray<float> slope_{normal_values(elements_, 4)};
  DeviceArray<std::uint8_t> targets_{std::vector<std::uint8_t>(kRows, 0)};
  DeviceArray<float> y_{std::vector<float>(outputs_, kBefore)};
  DeviceArray<T> dy_{outputs_};
  DeviceArray<T> dx_{elements_};
  DeviceArray<BatchSums> sums_{std::vector<BatchSums>(kTrials)};
  DeviceArray<double> workspace_{
      static_cast<std::size_t>(kTrials * kernels::loss_workspace(kMaxRows))};
};

class HeadTest : public testing::TestWithParam<Case> {};

template <class T>
void expect_same_bits(const Case& c) {
  const Written want = Network<T>(c).apart();
  EXPECT_EQ(Network<T>(c).fused(), want);
  EXPECT_NE(want.losses[0], 0);
  const Written evaluated = Network<T>(c).fused(false);
  EXPECT_EQ(evaluated.y, want.y);
  EXPECT_EQ(evaluated.losses, want.losses);
  EXPECT_EQ(evaluated.dx, std::vector<float>(want.dx.size(), -77)) << "written without being asked";
}

TEST_P(HeadTest, HasTheBitsOfTheLaunchesThatItStandsFor) {
  expect_same_bits<float>(GetParam());
  expect_same_bits<Bf16>(GetParam());
}

TEST(Head, TakesEveryLoss) {
  for (const Loss& loss : loss_list()) {
    SCOPED_TRACE(to_string(loss));
    expect_same_bits<float>({9, 3, true, true, true, loss.listed()});
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, HeadTest,
                         testing::Values(Case{1, 1, false, false, false},  // the least there is
                                         Case{128, 10, true, true, true},  // the tutorial's
                                         Case{7, 3, true, true, false},
                                         Case{130, 31, false, false, true},
                                         Case{300, 2, true, false, false},
                                         Case{1023, 32, true, true, true}));  // the largest

}  // namespace
}  // namespace saltus::test
