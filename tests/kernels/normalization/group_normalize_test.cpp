#include <cmath>

#include <gtest/gtest.h>

#include <saltus/kernels/normalization/group_normalize.h>

#include "tests/kernels/normalization/arrays.h"

namespace saltus::test {
namespace {

constexpr float kEpsilon = 1e-3F;

struct GroupCase {
  NormalizeCase arrays;
  int groups;
};

/// The elements of a row's group, worked out in double.
struct Group {
  std::size_t trial;
  std::vector<std::size_t> places;  ///< in x
  double mean = 0;
  double inverse_deviation = 0;
};

/// Adds to the arrays how far a kernel may be off.
class GroupNormalizeTest : public testing::TestWithParam<GroupCase>, protected NormalizeArrays {
 protected:
  GroupNormalizeTest() : NormalizeArrays(GetParam().arrays) {}

  const int groups = GetParam().groups;
  const int width = c.channels / groups;
  const double count = c.positions * width;
  std::vector<float> before = normal_values(kTrials * stride, 5);

  /// The error of a sum over a group: its longest chain of additions, and the terms' own rounding.
  const double sum_error = (count / 256 + 5 + 8 + 2) * kHalfUnit;
  /// As in layer_normalize_test.cpp.
  const double mean_error = (std::abs(c.offset) + 5) * kHalfUnit + 5 * sum_error;
  const double inverse_error = sum_error / 2 + 4 * kHalfUnit;

  std::size_t weight(const Group& group, std::size_t i) const {
    return group.trial * channels + (i - group.trial * stride) % channels;
  }
  double xhat(const Group& group, std::size_t i) const {
    return (x[i] - group.mean) * group.inverse_deviation;
  }
  double xhat_error(const Group& group, std::size_t i) const {
    return group.inverse_deviation * mean_error +
           std::abs(xhat(group, i)) * (inverse_error + 3 * kHalfUnit);
  }

  /// Calls visit(group) for those of the active trials.
  template <class Visit>
  void for_groups(Visit visit) const {
    const std::size_t row_size = static_cast<std::size_t>(c.positions) * channels;
    for (const std::size_t trial : {0U, 2U}) {
      for (int number = 0; number < c.rows * groups; ++number) {
        Group group = {trial, {}};
        const std::size_t first = trial * stride + std::size_t(number / groups) * row_size;
        for (std::size_t i = 0; i < row_size; ++i) {
          if (int(i % channels) / width == number % groups) group.places.push_back(first + i);
        }
        double variance = 0;
        for (const std::size_t i : group.places) group.mean += x[i] / count;
        for (const std::size_t i : group.places) variance += std::pow(x[i] - group.mean, 2) / count;
        group.inverse_deviation = 1 / std::sqrt(variance + kEpsilon);
        visit(group);
      }
    }
  }
};

TEST_P(GroupNormalizeTest, ForwardIsTheFormula) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_gamma(gamma);
  const DeviceArray<float> device_beta(beta);
  for (const bool plain : {false, true}) {
    const DeviceArray<float> y(before);
    kernels::GroupNormalize step = {shape(),
                                    groups,
                                    device_x.per_trial(kTrials),
                                    device_gamma.per_trial(kTrials),
                                    device_beta.per_trial(kTrials),
                                    y.per_trial(kTrials),
                                    kEpsilon};
    if (plain) step.gamma = step.beta = {};
    kernels::group_normalize(step, table.context());

    Doubles want = doubles(before);
    Doubles bound(want.size(), 0);
    for_groups([&](const Group& group) {
      for (const std::size_t i : group.places) {
        const double scale = plain ? 1 : gamma[weight(group, i)];
        const double product = xhat(group, i) * scale;
        want[i] = product + (plain ? 0 : beta[weight(group, i)]);
        bound[i] = std::abs(scale) * xhat_error(group, i) +
                   2 * kHalfUnit * (std::abs(product) + std::abs(want[i]));
      }
    });
    expect_within(y.read(), want, [&](std::size_t i) { return bound[i]; });
  }
}

TEST_P(GroupNormalizeTest, BackwardIsTheFormula) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_dy(dy);
  const DeviceArray<float> device_gamma(gamma);
  const DeviceArray<float> dx(before);
  const DeviceArray<float> dgamma(gamma);
  const DeviceArray<float> dbeta(gamma);
  const DeviceArray<float> workspace(
      kTrials *
      static_cast<std::size_t>(kernels::group_normalize_workspace(shape(), groups, c.max_rows)));
  kernels::GroupNormalizeBackward step = {shape(),
                                          groups,
                                          device_x.per_trial(kTrials),
                                          device_dy.per_trial(kTrials),
                                          device_gamma.per_trial(kTrials),
                                          dx.per_trial(kTrials),
                                          dgamma.per_trial(kTrials),
                                          dbeta.per_trial(kTrials),
                                          workspace.per_trial(kTrials),
                                          kEpsilon};
  kernels::group_normalize_backward(step, table.context());

  Doubles want_dx = doubles(before);
  Doubles want_dgamma = doubles(gamma);
  Doubles want_dbeta = doubles(gamma);
  for (const std::size_t trial : {0U, 2U}) {
    for (std::size_t j = 0; j < channels; ++j)
      want_dgamma[trial * channels + j] = want_dbeta[trial * channels + j] = 0;
  }
  Doubles dx_bound(want_dx.size(), 0);
  Doubles dgamma_bound(gamma.size(), 0);
  Doubles dbeta_bound(gamma.size(), 0);
  const double part_error = (128 + 8) * kHalfUnit;  // additions in the longest chain of a part
  for_groups([&](const Group& group) {
    // Means of g and of g xhat, what they add up, and how far they may be off.
    double mean = 0, mean_xhat = 0, mass = 0, mass_xhat = 0, error = 0, error_xhat = 0;
    const auto g = [&](std::size_t i) { return double{dy[i]} * gamma[weight(group, i)]; };
    for (const std::size_t i : group.places) {
      const double h = std::abs(xhat(group, i));
      const std::size_t w = weight(group, i);
      want_dbeta[w] += dy[i];
      want_dgamma[w] += dy[i] * xhat(group, i);
      dbeta_bound[w] += part_error * std::abs(dy[i]);
      dgamma_bound[w] += std::abs(dy[i]) * (xhat_error(group, i) + (part_error + kHalfUnit) * h);
      mean += g(i) / count;
      mean_xhat += g(i) * xhat(group, i) / count;
      mass += std::abs(g(i)) / count;
      mass_xhat += std::abs(g(i)) * h / count;
      error += sum_error * std::abs(g(i)) / count;
      error_xhat += std::abs(g(i)) * (xhat_error(group, i) + (sum_error + kHalfUnit) * h) / count;
    }
    for (const std::size_t i : group.places) {
      const double h = std::abs(xhat(group, i));
      want_dx[i] = group.inverse_deviation * (g(i) - (mean + xhat(group, i) * mean_xhat));
      dx_bound[i] = group.inverse_deviation *
                    (error + xhat_error(group, i) * mass_xhat + h * error_xhat +
                     (inverse_error + 5 * kHalfUnit) * (std::abs(g(i)) + mass + h * mass_xhat));
    }
  });
  expect_within(dbeta.read(), want_dbeta, [&](std::size_t i) { return dbeta_bound[i]; });
  expect_within(dgamma.read(), want_dgamma, [&](std::size_t i) { return dgamma_bound[i]; });
  expect_within(dx.read(), want_dx, [&](std::size_t i) { return dx_bound[i]; });

  step.dx = {};
  step.dbeta = {};
  kernels::group_normalize_backward(step, table.context());
  expect_within(dgamma.read(), want_dgamma, [&](std::size_t i) { return dgamma_bound[i]; });
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, GroupNormalizeTest,
    testing::Values(GroupCase{{2, 2, 1, 1, 0}, 1},        // no deviation at all
                    GroupCase{{5, 7, 3, 32, 0}, 8},       // groups of four channels
                    GroupCase{{3, 4, 49, 33, 100}, 3},    // elements of more rounds than one
                    GroupCase{{9, 9, 113, 3, 0}, 3},      // a part less seven; a group a channel
                    GroupCase{{4, 5, 256, 6, -1000}, 2},  // a part
                    GroupCase{{3, 3, 2, 300, 0}, 1}));    // blocks of channels, one group

}  // namespace
}  // namespace saltus::test
