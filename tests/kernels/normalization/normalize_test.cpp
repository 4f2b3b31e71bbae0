#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <saltus/kernels/normalization/normalize.h>

#include "tests/kernels/normalization/arrays.h"

namespace saltus::test {
namespace {

constexpr double kMomentum = 0.9;
constexpr double kEpsilon = 1e-3;

/// Adds to the arrays what a kernel should make of them.
class NormalizeTest : public testing::TestWithParam<NormalizeCase>, protected NormalizeArrays {
 protected:
  NormalizeTest() : NormalizeArrays(GetParam()) {}

  std::vector<float> moving_mean = normal_values(kTrials * channels, 5);
  std::vector<float> moving_variance = squares(normal_values(kTrials * channels, 6));
  std::vector<float> before = normal_values(kTrials * stride, 7);

  DeviceArray<float> workspace() const {
    return DeviceArray<float>(
        kTrials * static_cast<std::size_t>(kernels::normalize_workspace(shape(), c.max_rows)));
  }

  static std::vector<float> squares(std::vector<float> values) {
    for (float& value : values) value *= value;
    return values;
  }

  /// Calls visit(trial's channel, places of the channel's samples) for the active trials.
  template <class Visit>
  void for_channels(Visit visit) const {
    for (const std::size_t trial : {0U, 2U}) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < samples; ++i)
          places.push_back(trial * stride + i * channels + channel);
        visit(trial * channels + channel, places);
      }
    }
  }
};

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments moments_of(const std::vector<float>& x, const std::vector<std::size_t>& places) {
  const auto count = static_cast<double>(places.size());
  Moments moments;
  for (const std::size_t i : places) moments.mean += x[i] / count;
  for (const std::size_t i : places)
    moments.variance += (x[i] - moments.mean) * (x[i] - moments.mean) / count;
  return moments;
}

TEST_P(NormalizeTest, TrainingTakesTheBatchsMoments) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_gamma(gamma);
  const DeviceArray<float> device_beta(beta);
  const DeviceArray<float> y(before);
  const DeviceArray<float> mean(gamma);
  const DeviceArray<float> inverse(gamma);
  const DeviceArray<float> device_moving_mean(moving_mean);
  const DeviceArray<float> device_moving_variance(moving_variance);
  const DeviceArray<float> next_mean(gamma);
  const DeviceArray<float> next_variance(gamma);
  const auto space = workspace();

  kernels::normalize_training(
      {shape(), device_x.per_trial(kTrials), device_gamma.per_trial(kTrials),
       device_beta.per_trial(kTrials), device_moving_mean.per_trial(kTrials),
       device_moving_variance.per_trial(kTrials), next_mean.per_trial(kTrials),
       next_variance.per_trial(kTrials), mean.per_trial(kTrials), inverse.per_trial(kTrials),
       y.per_trial(kTrials), space.per_trial(kTrials), kMomentum, kEpsilon},
      table.context());

  Doubles want_y = doubles(before);
  Doubles want_mean = doubles(gamma);
  Doubles want_inverse = doubles(gamma);
  Doubles want_next_mean = doubles(gamma);
  Doubles want_next_variance = doubles(gamma);
  Doubles y_bound(want_y.size(), 0);
  // A mean is a float, and x - mean is taken from that one: its rounding counts by x's size.
  const double spot = (std::abs(c.offset) + 5) * kHalfUnit;
  for_channels([&](std::size_t i, const std::vector<std::size_t>& places) {
    const Moments m = moments_of(x, places);
    want_mean[i] = m.mean;
    want_inverse[i] = 1 / std::sqrt(m.variance + kEpsilon);
    want_next_mean[i] = moving_mean[i] * kMomentum + m.mean * (1 - kMomentum);
    want_next_variance[i] = moving_variance[i] * kMomentum + m.variance * (1 - kMomentum);
    for (const std::size_t place : places) {
      const double scaled = want_inverse[i] * gamma[i];
      want_y[place] = (x[place] - m.mean) * scaled + beta[i];
      y_bound[place] = 4 * std::abs(scaled) * spot + 40 * kHalfUnit * std::abs(scaled) * 5 +
                       2 * kHalfUnit * (std::abs(want_y[place]) + std::abs(beta[i]));
    }
  });
  // The sum of a part is off by 128 + 8 roundings at most, which the differences mend.
  const auto relative = [](const Doubles& want, double units) {
    return [&want, units](std::size_t i) { return units * kHalfUnit * std::abs(want[i]); };
  };
  expect_within(mean.read(), want_mean, [&](std::size_t) { return 3 * spot; });
  expect_within(inverse.read(), want_inverse, relative(want_inverse, 160));
  expect_within(next_mean.read(), want_next_mean, [&](std::size_t) { return 3 * spot; });
  expect_within(next_variance.read(), want_next_variance, relative(want_next_variance, 160));
  expect_equal(device_moving_mean.read(), doubles(moving_mean));
  expect_equal(device_moving_variance.read(), doubles(moving_variance));
  expect_within(y.read(), want_y, [&](std::size_t i) { return y_bound[i]; });
}

TEST_P(NormalizeTest, InferenceTakesTheMovingMoments) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_gamma(gamma);
  const DeviceArray<float> device_beta(beta);
  const DeviceArray<float> device_mean(moving_mean);
  const DeviceArray<float> device_variance(moving_variance);
  const DeviceArray<float> y(before);
  const auto space = workspace();

  kernels::normalize_inference({shape(), device_x.per_trial(kTrials),
                                device_gamma.per_trial(kTrials), device_beta.per_trial(kTrials),
                                device_mean.per_trial(kTrials), device_variance.per_trial(kTrials),
                                y.per_trial(kTrials), space.per_trial(kTrials), kEpsilon},
                               table.context());

  Doubles want = doubles(before);
  Doubles bound(want.size(), 0);
  for_channels([&](std::size_t i, const std::vector<std::size_t>& places) {
    const double scaled = gamma[i] / std::sqrt(moving_variance[i] + kEpsilon);
    for (const std::size_t place : places) {
      const double product = (double{x[place]} - moving_mean[i]) * scaled;
      want[place] = product + beta[i];
      bound[place] = 5 * kHalfUnit * (std::abs(product) + std::abs(want[place]));
    }
  });
  expect_within(y.read(), want, [&](std::size_t i) { return bound[i]; });
}

TEST_P(NormalizeTest, InferenceGoesWithoutScaleAndMean) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_mean(moving_mean);
  const DeviceArray<float> device_variance(moving_variance);
  const auto space = workspace();
  for (const bool centred : {true, false}) {
    const DeviceArray<float> y(before);
    kernels::normalize_inference(
        {shape(),
         device_x.per_trial(kTrials),
         {},
         {},
         centred ? device_mean.per_trial(kTrials) : kernels::PerTrial<const float>{},
         device_variance.per_trial(kTrials),
         y.per_trial(kTrials),
         space.per_trial(kTrials),
         kEpsilon},
        table.context());
    Doubles want = doubles(before);
    for_channels([&](std::size_t i, const std::vector<std::size_t>& places) {
      const double root = std::sqrt(moving_variance[i] + kEpsilon);
      const double mean = centred ? moving_mean[i] : 0.0F;
      for (const std::size_t place : places) want[place] = (double{x[place]} - mean) / root;
    });
    // The difference, the inverse root and the product round once each.
    expect_within(y.read(), want, [&](std::size_t i) { return 3 * kHalfUnit * std::abs(want[i]); });
  }
}

TEST_P(NormalizeTest, BackwardIsTheFormula) {
  std::vector<float> mean(gamma.size());
  std::vector<float> inverse(gamma.size(), 1);
  for_channels([&](std::size_t i, const std::vector<std::size_t>& places) {
    const Moments m = moments_of(x, places);
    mean[i] = static_cast<float>(m.mean);
    inverse[i] = static_cast<float>(1 / std::sqrt(m.variance + kEpsilon));
  });
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_dy(dy);
  const DeviceArray<float> device_gamma(gamma);
  const DeviceArray<float> device_mean(mean);
  const DeviceArray<float> device_inverse(inverse);
  const DeviceArray<float> dx(before);
  const DeviceArray<float> dgamma(gamma);
  const DeviceArray<float> dbeta(gamma);
  const auto space = workspace();
  kernels::NormalizeBackward step = {shape(),
                                     device_x.per_trial(kTrials),
                                     device_dy.per_trial(kTrials),
                                     device_gamma.per_trial(kTrials),
                                     device_mean.per_trial(kTrials),
                                     device_inverse.per_trial(kTrials),
                                     dx.per_trial(kTrials),
                                     dgamma.per_trial(kTrials),
                                     dbeta.per_trial(kTrials),
                                     space.per_trial(kTrials)};

  kernels::normalize_backward(step, table.context());

  Doubles want_dx = doubles(before);
  Doubles want_dgamma = doubles(gamma);
  Doubles want_dbeta = doubles(gamma);
  Doubles dx_bound(want_dx.size(), 0);
  Doubles dgamma_bound(gamma.size(), 0);
  Doubles dbeta_bound(gamma.size(), 0);
  const double sum_error = (128 + 8) * kHalfUnit;  // of a part: additions in the longest chain
  for_channels([&](std::size_t i, const std::vector<std::size_t>& places) {
    const auto count = static_cast<double>(places.size());
    double sum = 0;
    double sum_xhat = 0;
    double mass = 0;
    double mass_xhat = 0;
    const auto xhat = [&](std::size_t place) { return (double{x[place]} - mean[i]) * inverse[i]; };
    for (const std::size_t place : places) {
      sum += dy[place];
      mass += std::abs(dy[place]);
      sum_xhat += dy[place] * xhat(place);
      mass_xhat += std::abs(dy[place] * xhat(place));
    }
    want_dbeta[i] = sum;
    want_dgamma[i] = sum_xhat;
    dbeta_bound[i] = sum_error * mass;
    dgamma_bound[i] = (sum_error + 4 * kHalfUnit) * mass_xhat;
    for (const std::size_t place : places) {
      const double scaled = double{gamma[i]} * inverse[i];
      want_dx[place] = scaled * (dy[place] - (sum + xhat(place) * sum_xhat) / count);
      const double shared = (mass + std::abs(xhat(place)) * mass_xhat) / count;
      dx_bound[place] = std::abs(scaled) * ((sum_error + 8 * kHalfUnit) * shared +
                                            4 * kHalfUnit * std::abs(dy[place]));
    }
  });
  expect_within(dbeta.read(), want_dbeta, [&](std::size_t i) { return dbeta_bound[i]; });
  expect_within(dgamma.read(), want_dgamma, [&](std::size_t i) { return dgamma_bound[i]; });
  expect_within(dx.read(), want_dx, [&](std::size_t i) { return dx_bound[i]; });

  step.dx = {};
  kernels::normalize_backward(step, table.context());
  expect_within(dgamma.read(), want_dgamma, [&](std::size_t i) { return dgamma_bound[i]; });
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, NormalizeTest,
    testing::Values(NormalizeCase{2, 2, 1, 1, 0},        // two samples
                    NormalizeCase{5, 7, 3, 32, 0},       // a whole block of channels
                    NormalizeCase{7, 8, 9, 33, 100},     // one channel more
                    NormalizeCase{9, 9, 113, 3, 0},      // a part less seven samples
                    NormalizeCase{4, 5, 256, 5, -1000},  // a part
                    NormalizeCase{5, 9, 205, 2, 10},     // and a sample more
                    NormalizeCase{3, 3, 1000, 4, 0}));

TEST(NormalizeSpecials, EqualSamplesHaveNoVariance) {
  const std::vector<float> x(6, 3);
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> one(std::vector<float>{1});
  const DeviceArray<float> zero(std::vector<float>{0});
  const DeviceArray<float> moving_mean(std::vector<float>{0});
  const DeviceArray<float> moving_variance(std::vector<float>{1});
  const DeviceArray<float> next_mean(1);
  const DeviceArray<float> next_variance(1);
  const DeviceArray<float> mean(1);
  const DeviceArray<float> inverse(1);
  const DeviceArray<float> y(x.size());
  const DeviceArray<float> space(2);
  const TrialTable table({.rows = 6});
  kernels::normalize_training({{1, 1},
                               device_x.per_trial(),
                               one.per_trial(),
                               zero.per_trial(),
                               moving_mean.per_trial(),
                               moving_variance.per_trial(),
                               next_mean.per_trial(),
                               next_variance.per_trial(),
                               mean.per_trial(),
                               inverse.per_trial(),
                               y.per_trial(),
                               space.per_trial(),
                               0.5,
                               0.25},
                              table.context());
  expect_equal(y.read(), Doubles(6, 0));
  expect_equal(mean.read(), {3});
  expect_equal(inverse.read(), {2});
  expect_equal(next_mean.read(), {1.5});
  expect_equal(next_variance.read(), {0.5});
}

TEST(NormalizeSpecials, NaNStaysInItsChannel) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  const DeviceArray<float> x(std::vector<float>{std::nanf(""), 1, 2, 3});  // two samples
  const DeviceArray<float> gamma(std::vector<float>{1, 1});
  const DeviceArray<float> moving(std::vector<float>{1, 1});
  const DeviceArray<float> moving_variance(std::vector<float>{1, 1});
  const DeviceArray<float> next_mean(2);
  const DeviceArray<float> next_variance(2);
  const DeviceArray<float> mean(2);
  const DeviceArray<float> inverse(2);
  const DeviceArray<kernels::Bf16> y(4);
  const DeviceArray<float> space(4);
  const TrialTable table({.rows = 2});
  kernels::normalize_training({{1, 2},
                               x.per_trial(),
                               gamma.per_trial(),
                               gamma.per_trial(),
                               moving.per_trial(),
                               moving_variance.per_trial(),
                               next_mean.per_trial(),
                               next_variance.per_trial(),
                               mean.per_trial(),
                               inverse.per_trial(),
                               y.per_trial(),
                               space.per_trial(),
                               0.5,
                               0},
                              table.context());
  expect_equal(values(y.read()), {kNaN, 0, kNaN, 2});
}

}  // namespace
}  // namespace saltus::test
