#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <saltus/kernels/normalization/layer_normalize.h>

#include "tests/kernels/normalization/arrays.h"

namespace saltus::test {
namespace {

constexpr float kEpsilon = 1e-3F;

/// A vector of channels in x, worked out in double.
struct Vector {
  std::size_t trial;
  std::size_t first;  ///< place in x
  double mean = 0;
  double inverse_deviation = 0;
};

/// Adds to the arrays how far a kernel may be off.
class LayerNormalizeTest : public testing::TestWithParam<NormalizeCase>, protected NormalizeArrays {
 protected:
  LayerNormalizeTest() : NormalizeArrays(GetParam()) {}

  std::vector<float> before = normal_values(kTrials * stride, 5);

  /// Of a sum over a vector: its longest chain of additions, and the terms' own rounding.
  const double sum_error = (c.channels / 32 + 6 + 2) * kHalfUnit;
  /// Of a mean: it is a float of x's size; its differences, below 5, are summed.
  const double mean_error = c.centered ? (std::abs(c.offset) + 5) * kHalfUnit + 5 * sum_error : 0;
  /// Of an inverse deviation, relative: half of the variance's, and the root and the division.
  const double inverse_error = sum_error / 2 + 4 * kHalfUnit;

  double xhat(const Vector& v, std::size_t channel) const {
    return (x[v.first + channel] - v.mean) * v.inverse_deviation;
  }
  double xhat_error(const Vector& v, std::size_t channel) const {
    return v.inverse_deviation * mean_error +
           std::abs(xhat(v, channel)) * (inverse_error + 3 * kHalfUnit);
  }

  /// Calls visit(vector) for those of the active trials.
  template <class Visit>
  void for_vectors(Visit visit) const {
    for (const std::size_t trial : {0U, 2U}) {
      for (std::size_t i = 0; i < samples; ++i) {
        Vector v = {trial, trial * stride + i * channels};
        for (std::size_t j = 0; c.centered && j < channels; ++j)
          v.mean += x[v.first + j] / double(c.channels);
        double variance = 0;
        for (std::size_t j = 0; j < channels; ++j)
          variance += std::pow(x[v.first + j] - v.mean, 2) / c.channels;
        v.inverse_deviation = 1 / std::sqrt(variance + kEpsilon);
        visit(v);
      }
    }
  }
};

TEST_P(LayerNormalizeTest, ForwardIsTheFormula) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_gamma(gamma);
  const DeviceArray<float> device_beta(beta);
  const DeviceArray<float> y(before);

  kernels::LayerNormalize step = {shape(),
                                  device_x.per_trial(kTrials),
                                  device_gamma.per_trial(kTrials),
                                  device_beta.per_trial(kTrials),
                                  y.per_trial(kTrials),
                                  kEpsilon};
  if (!c.centered) step.beta = {};
  kernels::layer_normalize(step, table.context());

  Doubles want = doubles(before);
  Doubles bound(want.size(), 0);
  for_vectors([&](const Vector& v) {
    for (std::size_t j = 0; j < channels; ++j) {
      const double scale = gamma[v.trial * channels + j];
      const double product = xhat(v, j) * scale;
      want[v.first + j] = product + (c.centered ? beta[v.trial * channels + j] : 0);
      bound[v.first + j] = std::abs(scale) * xhat_error(v, j) +
                           2 * kHalfUnit * (std::abs(product) + std::abs(want[v.first + j]));
    }
  });
  expect_within(y.read(), want, [&](std::size_t i) { return bound[i]; });
}

TEST_P(LayerNormalizeTest, BackwardIsTheFormula) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_dy(dy);
  const DeviceArray<float> device_gamma(gamma);
  const DeviceArray<float> dx(before);
  const DeviceArray<float> dgamma(gamma);
  const DeviceArray<float> dbeta(gamma);
  const DeviceArray<float> workspace(
      kTrials * static_cast<std::size_t>(kernels::layer_normalize_workspace(shape(), c.max_rows)));
  kernels::LayerNormalizeBackward step = {shape(),
                                          device_x.per_trial(kTrials),
                                          device_dy.per_trial(kTrials),
                                          device_gamma.per_trial(kTrials),
                                          dx.per_trial(kTrials),
                                          dgamma.per_trial(kTrials),
                                          dbeta.per_trial(kTrials),
                                          workspace.per_trial(kTrials),
                                          kEpsilon};

  if (!c.centered) step.dbeta = {};
  kernels::layer_normalize_backward(step, table.context());

  Doubles want_dx = doubles(before);
  Doubles want_dgamma = doubles(gamma);
  Doubles want_dbeta = doubles(gamma);
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t j = 0; j < channels; ++j) {
      want_dgamma[trial * channels + j] = 0;
      if (c.centered) want_dbeta[trial * channels + j] = 0;
    }
  }
  Doubles dx_bound(want_dx.size(), 0);
  Doubles dgamma_bound(gamma.size(), 0);
  Doubles dbeta_bound(gamma.size(), 0);
  const double part_error = (128 + 8) * kHalfUnit;  // of a part: additions in the longest chain
  for_vectors([&](const Vector& v) {
    // Means of g and of g xhat, what they add up, and how far they may be off.
    double mean = 0;
    double mean_xhat = 0;
    double mass = 0;
    double mass_xhat = 0;
    double error = 0;
    double error_xhat = 0;
    const auto g = [&](std::size_t j) {
      return double{dy[v.first + j]} * gamma[v.trial * channels + j];
    };
    for (std::size_t j = 0; j < channels; ++j) {
      const std::size_t i = v.trial * channels + j;
      const double gradient = dy[v.first + j];
      if (c.centered) want_dbeta[i] += gradient;
      want_dgamma[i] += gradient * xhat(v, j);
      dbeta_bound[i] += part_error * std::abs(gradient);
      dgamma_bound[i] +=
          std::abs(gradient) * (xhat_error(v, j) + (part_error + kHalfUnit) * std::abs(xhat(v, j)));
      if (c.centered) mean += g(j) / c.channels;
      mean_xhat += g(j) * xhat(v, j) / c.channels;
      mass += std::abs(g(j)) / c.channels;
      mass_xhat += std::abs(g(j) * xhat(v, j)) / c.channels;
      error += sum_error * std::abs(g(j)) / c.channels;
      error_xhat += std::abs(g(j)) *
                    (xhat_error(v, j) + (sum_error + kHalfUnit) * std::abs(xhat(v, j))) /
                    c.channels;
    }
    for (std::size_t j = 0; j < channels; ++j) {
      const double shared = mean + xhat(v, j) * mean_xhat;
      const double size = std::abs(g(j)) + mass + std::abs(xhat(v, j)) * mass_xhat;
      want_dx[v.first + j] = v.inverse_deviation * (g(j) - shared);
      dx_bound[v.first + j] = v.inverse_deviation * (error + xhat_error(v, j) * mass_xhat +
                                                     std::abs(xhat(v, j)) * error_xhat +
                                                     (inverse_error + 5 * kHalfUnit) * size);
    }
  });
  expect_within(dbeta.read(), want_dbeta, [&](std::size_t i) { return dbeta_bound[i]; });
  expect_within(dgamma.read(), want_dgamma, [&](std::size_t i) { return dgamma_bound[i]; });
  expect_within(dx.read(), want_dx, [&](std::size_t i) { return dx_bound[i]; });

  step.dx = {};
  kernels::layer_normalize_backward(step, table.context());
  expect_within(dgamma.read(), want_dgamma, [&](std::size_t i) { return dgamma_bound[i]; });
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, LayerNormalizeTest,
    testing::Values(NormalizeCase{2, 2, 1, 1, 0},        // no deviation at all
                    NormalizeCase{5, 7, 3, 32, 0},       // a channel a lane
                    NormalizeCase{7, 8, 9, 33, 100},     // one more
                    NormalizeCase{9, 9, 113, 3, 0},      // a part less seven vectors
                    NormalizeCase{4, 5, 256, 5, -1000},  // a part
                    NormalizeCase{5, 9, 205, 2, 10},     // and a vector more
                    NormalizeCase{3, 3, 2, 300, 0},      // blocks of channels
                    NormalizeCase{7, 8, 9, 33, 3, false}, NormalizeCase{5, 9, 205, 2, 0, false}));

std::vector<float> normalized(const std::vector<float>& x, int channels, float epsilon) {
  const auto count = static_cast<std::size_t>(channels);
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> gamma(std::vector<float>(count, 2));
  const DeviceArray<float> beta(std::vector<float>(count, 1));
  const DeviceArray<kernels::Bf16> y(x.size());
  const TrialTable table({.rows = static_cast<int>(x.size() / count)});
  kernels::layer_normalize({{1, channels},
                            device_x.per_trial(),
                            gamma.per_trial(),
                            beta.per_trial(),
                            y.per_trial(),
                            epsilon},
                           table.context());
  return values(y.read());
}

TEST(LayerNormalizeSpecials, EqualChannelsGiveBeta) {
  expect_equal(normalized({3, 3, 3, -7, -7, -7}, 3, 0.25F), Doubles(6, 1));
}

/// Here the sum of floats gives a mean that is off by the distance of two floats, an eighth.
TEST(LayerNormalizeSpecials, MakesARoundedMeanGood) {
  constexpr float kFar = 0x1p20F;
  const float variance = 0.00625F;
  expect_equal(normalized({kFar + 0.25F, kFar + 0.125F, kFar, kFar + 0.125F, kFar + 0.125F}, 5,
                          0x1p-6F - variance),
               {3, 1, -1, 1, 1});
}

TEST(LayerNormalizeSpecials, NaNStaysInItsVector) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  expect_equal(normalized({std::nanf(""), 1, 2, 3}, 2, 0.75F), {kNaN, kNaN, 0, 2});
}

}  // namespace
}  // namespace saltus::test
