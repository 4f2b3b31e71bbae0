// The largest indices of kernels that go through elements and rows: see vast.h. Sanitized, these
// tests find what an int does not hold; in any mode, what is written elsewhere.
#include "tests/kernels/device/vast.h"

#if defined(SALTUS_EMULATED_CUDA)

#include <gtest/gtest.h>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/column_sums.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/elementwise/fill.h>
#include <saltus/kernels/elementwise/parametric_relu.h>
#include <saltus/kernels/elementwise/sum.h>
#include <saltus/kernels/elementwise/transpose.h>
#include <saltus/kernels/input/load.h>
#include <saltus/kernels/loss/loss.h>
#include <saltus/kernels/normalization/normalize.h>
#include <saltus/kernels/softmax/softmax.h>
#include <saltus/kernels/update/average.h>
#include <saltus/kernels/update/update.h>

#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

/// More elements than 2^32, in rows that end between two quads.
constexpr int kRows = 70'001;
constexpr int kSize = 71'429;
constexpr std::int64_t kLast = std::int64_t{kRows} * kSize - 1;

class VastElements : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_room_for_vast()) GTEST_SKIP() << "the checker has no room for so many elements";
  }

  static kernels::ActivationRef relu() { return {.id = kernels::kActivationId<kernels::Relu>}; }

  const TrialTable table{{.rows = kRows,
                          .states = std::vector<kernels::TrialState>(kVastTrials),
                          .activations = {relu(), relu()},
                          .dropouts = {{0, 2, 1, -4}, {0, 2, 1, -4}}}};
  const kernels::LaunchContext context = table.context();
  Vast<float> x{kLast + 1}, y{kLast + 1}, z{kLast + 1};
};

TEST_F(VastElements, Activate) {
  const Vast<float> bias(kSize);
  bias[kSize - 1] = 2;
  x[kLast] = 3;
  run_last_blocks([&] {
    kernels::activate({x.input(), bias.input(), y.per_trial(), z.per_trial(), kSize, kSize, 0},
                      context);
  });
  EXPECT_EQ(y[kLast], 5);
  EXPECT_EQ(z[kLast], 1);
  run_last_blocks([&] {
    kernels::activate_backward({y.input(), z.per_trial(), x.per_trial(), kSize}, context);
  });
  EXPECT_EQ(x[kLast], 5);
}

TEST_F(VastElements, Drop) {
  x[kLast] = 3;
  run_last_blocks([&] { kernels::drop({x.input(), y.per_trial(), kSize, 0}, context); });
  EXPECT_EQ(y[kLast], 7);
  run_last_blocks([&] { kernels::drop_backward({x.input(), z.per_trial(), kSize, 0}, context); });
  EXPECT_EQ(z[kLast], 6);
}

TEST_F(VastElements, Sum) {
  x[kLast] = 3;
  z[kLast] = 4;
  run_last_blocks([&] { kernels::sum({x.input(), z.input(), y.per_trial(), kSize}, context); });
  EXPECT_EQ(y[kLast], 7);
}

TEST_F(VastElements, ParametricRelu) {
  std::vector<int> numbers(kSize + 1);
  for (int i = 0; i <= kSize; ++i) numbers[static_cast<std::size_t>(i)] = i;
  const DeviceArray<int> own(numbers);  // every element has an alpha of its own
  const kernels::AlphaMap map = {kSize, kSize, own.data(), own.data(), own.data()};
  const Vast<float> alpha(kSize);
  const Vast<float> dalpha(kSize);
  alpha[kSize - 1] = 2;
  x[kLast] = -3;
  run_last_blocks([&] {
    kernels::parametric_relu({map, x.input(), alpha.input(), y.per_trial()}, context);
  });
  EXPECT_EQ(y[kLast], -6);
  y[kLast] = 5;
  run_last_blocks([&] {
    kernels::parametric_relu_backward(
        {map, x.input(), y.input(), alpha.input(), z.per_trial(), dalpha.per_trial()}, context);
  });
  EXPECT_EQ(z[kLast], 10);
  EXPECT_EQ(dalpha[kSize - 1], -15);
}

TEST_F(VastElements, FillAndCast) {
  const Vast<kernels::Bf16> halves(kLast + 1);
  run_last_blocks([&] {
    kernels::fill({x.per_trial(), kLast + 1, 3}, context);
    kernels::cast({x.input(), halves.per_trial(), kLast + 1}, context);
  });
  EXPECT_EQ(x[kLast], 3);
  EXPECT_EQ(to_float(halves[kLast]), 3);
}

TEST_F(VastElements, Transpose) {
  constexpr int kTall = 65535 * 32;  // as many rows as there may be
  constexpr int kWide = 2500;
  const Vast<float> turned(std::int64_t{kTall} * kWide);
  const Vast<float> source(std::int64_t{kTall} * kWide);
  source[std::int64_t{kTall} * kWide - 2] = 3;
  run_last_blocks([&] {
    kernels::transpose({source.input(), turned.per_trial(), kTall, kWide}, context);
  });
  EXPECT_EQ(turned[std::int64_t{kTall} * (kWide - 1) - 1], 3);
}

TEST_F(VastElements, ColumnSums) {
  const TrialTable rows({.rows = 2047, .states = std::vector<kernels::TrialState>(kVastTrials)});
  constexpr int kVectors = 1 << 20;
  constexpr std::int64_t kElements = std::int64_t{2047} * kVectors * 3;
  const Vast<float> sums(3);
  const Vast<float> workspace(kernels::column_sums_workspace(kVectors, 3, 2047));
  const Vast<float> vectors(kElements);
  vectors[kElements - 1] = 3;
  run_last_blocks([&] {
    kernels::column_sums({vectors.input(), sums.per_trial(), workspace.per_trial(), kVectors, 3},
                         rows.context());
  });
  EXPECT_EQ(sums[2], 3);
}

TEST_F(VastElements, LoadInput) {
  const Vast<std::uint8_t> bytes(kLast + 1, 1);
  bytes[kLast] = 255;
  kernels::LoadInput load;
  load.bytes = bytes.data();
  load.order = {.count = kRows};
  load.x = x.per_trial();
  load.size = kSize;
  run_last_blocks([&] { kernels::load_input(load, context); });
  EXPECT_EQ(x[kLast], 1);
}

TEST_F(VastElements, EvaluateLoss) {
  const Vast<kernels::BatchSums> sums(1);
  const Vast<double> workspace(kernels::loss_workspace(kRows));
  const Vast<float> targets(kLast + 1, 1);
  x[kLast] = 5;
  targets[kLast] = 2;
  kernels::EvaluateLoss step;
  step.loss = losses::MeanSquaredError{};
  step.outputs = kSize;
  step.x = x.input();
  step.dx = y.per_trial();
  step.targets.values = targets.data();
  step.order = {.count = kRows};
  step.sums = sums.per_trial();
  step.workspace = workspace.per_trial();
  run_last_blocks([&] { kernels::evaluate_loss(step, context); });
  EXPECT_FLOAT_EQ(y[kLast], static_cast<float>(2.0 * 3 / (double{kRows} * kSize)));
  EXPECT_DOUBLE_EQ(sums[0].loss, 9.0 / kSize);
  EXPECT_EQ(sums[0].rows, kRows);
}

TEST_F(VastElements, Softmax) {
  constexpr int kVectors = kSize / 17;
  constexpr std::int64_t kEnd = std::int64_t{kRows} * kVectors * 17;
  for (int i = 2; i <= 17; ++i) x[kEnd - i] = -200;
  run_last_blocks([&] { kernels::softmax({x.input(), y.per_trial(), kVectors, 17}, context); });
  EXPECT_EQ(y[kEnd - 1], 1);
  y[kEnd - 1] = 0.5F;
  x[kEnd - 1] = 4;
  run_last_blocks([&] {
    kernels::softmax_backward({y.input(), x.input(), z.per_trial(), kVectors, 17}, context);
  });
  EXPECT_EQ(z[kEnd - 1], 1) << "0.5 (4 - 0.5 4)";
}

TEST_F(VastElements, Normalize) {
  constexpr int kChannels = 53;
  constexpr std::int64_t kSamples = std::int64_t{kRows} * (kSize / kChannels);
  constexpr std::int64_t kEnd = kSamples * kChannels;
  const kernels::NormalizeShape shape = {kSize / kChannels, kChannels};
  const Vast<float> gamma(kChannels), beta(kChannels), mean(kChannels), inverse(kChannels),
      moving_mean(kChannels), moving_variance(kChannels), next_mean(kChannels),
      next_variance(kChannels), dgamma(kChannels), dbeta(kChannels);
  const std::int64_t floats = kernels::normalize_workspace(shape, kRows);
  const Vast<float> workspace(floats);
  constexpr int kChannel = kChannels - 1;
  gamma[kChannel] = 2;
  beta[kChannel] = 3;
  x[kEnd - 1] = static_cast<float>(kSamples);
  run_last_blocks([&] {
    kernels::normalize_training(
        {shape, x.input(), gamma.input(), beta.input(), moving_mean.input(),
         moving_variance.input(), next_mean.per_trial(), next_variance.per_trial(),
         mean.per_trial(), inverse.per_trial(), y.per_trial(), workspace.per_trial(), 0, 0},
        context);
  });
  // One sample of n is n: mean 1, variance n - 1.
  EXPECT_NEAR(mean[kChannel], 1, 1e-4);
  EXPECT_NEAR(next_variance[kChannel] / static_cast<double>(kSamples), 1, 1e-4);
  const double xhat = (double{x[kEnd - 1]} - mean[kChannel]) * inverse[kChannel];
  EXPECT_NEAR(y[kEnd - 1], 2 * xhat + 3, 1e-3 * xhat);

  const float trained = y[kEnd - 1];
  y[kEnd - 1] = 0;
  run_last_blocks([&] {
    kernels::normalize_inference({shape, x.input(), gamma.input(), beta.input(), next_mean.input(),
                                  next_variance.input(), y.per_trial(), workspace.per_trial(), 0},
                                 context);
  });
  EXPECT_NEAR(y[kEnd - 1], trained, 1e-4 * trained);

  const Vast<float> of_backward(floats);
  const Vast<float> dy(kEnd);
  dy[kEnd - 1] = 5;
  run_last_blocks([&] {
    kernels::normalize_backward(
        {shape, x.input(), dy.input(), gamma.input(), mean.input(), inverse.input(), z.per_trial(),
         dgamma.per_trial(), dbeta.per_trial(), of_backward.per_trial()},
        context);
  });
  EXPECT_EQ(dbeta[kChannel], 5);
  EXPECT_NEAR(dgamma[kChannel], 5 * xhat, 1e-3 * xhat);
  EXPECT_NE(z[kEnd - 1], 0);
}

TEST_F(VastElements, Update) {
  const kernels::UpdatePieces cut =
      kernels::cut_weights(std::vector<kernels::WeightExtent>{{0, 8}, {64, kLast - 63}});
  const DeviceArray<kernels::UpdatePiece> pieces(cut.pieces);
  const DeviceArray<int> first_of_weight(cut.first_of_weight);
  const int piece_count = static_cast<int>(cut.pieces.size());
  SGD sgd = {.learning_rate = 0.5};
  sgd.clipping.clipnorm = 2;
  const DeviceArray<kernels::UpdateRule> rules(
      std::vector<kernels::UpdateRule>(kVastTrials, kernels::UpdateRule(sgd)));
  const Vast<kernels::BatchSums> sums(1);
  const Vast<kernels::NonFinite> non_finite(1);
  const Vast<double> workspace(kernels::update_workspace(piece_count, 2));
  x[kLast] = 10;
  y[kLast] = 4;
  run_last_blocks([&] {
    kernels::update({.weights = x.per_trial(),
                     .gradients = y.per_trial(),
                     .rules = rules.data(),
                     .pieces = pieces.data(),
                     .first_of_weight = first_of_weight.data(),
                     .piece_count = piece_count,
                     .weight_count = 2,
                     .sums = sums.per_trial(),
                     .non_finite = non_finite.data(),
                     .workspace = workspace.per_trial(),
                     .check_finite = true,
                     .any_norms = true,
                     .optimizers = kernels::UpdateRule(sgd).bit()},
                    context);
  });
  EXPECT_EQ(x[kLast], 9) << "10 - 0.5 of 4, clipped to 2";
}

TEST_F(VastElements, Average) {
  constexpr std::int64_t kEnd = kLast / 4 * 4;  // whole quads
  const Vast<float> weights(kEnd);
  const Vast<float> averages(kEnd);
  const DeviceArray<float> rates(std::vector<float>(kVastTrials, 0.25F));
  weights[kEnd - 1] = 10;
  averages[kEnd - 1] = 2;
  run_last_blocks([&] {
    kernels::average({.weights = weights.per_trial(),
                      .averages = averages.per_trial(),
                      .rates = rates.data(),
                      .size = kEnd},
                     context);
  });
  EXPECT_EQ(averages[kEnd - 1], 4) << "2 + a quarter of 8";
}

}  // namespace
}  // namespace saltus::test

#endif
