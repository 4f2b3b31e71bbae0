#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/math.h>
#include <saltus/kernels/softmax/softmax.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kHalfUnit = 0x1p-24;
// A result's relative error: x - largest is rounded, which counts as its size (below 80 in these
// tests); exp, the division and log1p are good to a few units.
constexpr double kElementError = (80 + 16) * kHalfUnit;

/// Roundings of a sum of `channels` terms by a warp.
double sum_error(int channels) {
  return (channels / 32.0 + 6) * kHalfUnit;
}

struct Case {
  int channels;
  bool log;
};

class SoftmaxTest : public testing::TestWithParam<Case> {};

/// Softmax of each vector, in double.
std::vector<double> oracle(const std::vector<float>& x, int channels, bool log) {
  std::vector<double> y(x.size());
  for (std::size_t first = 0; first < x.size(); first += static_cast<std::size_t>(channels)) {
    const auto begin = x.begin() + static_cast<std::ptrdiff_t>(first);
    const double largest = *std::max_element(begin, begin + channels);
    double sum = 0;
    for (int j = 0; j < channels; ++j) sum += std::exp(begin[j] - largest);
    for (int j = 0; j < channels; ++j) {
      const double shifted = begin[j] - largest;
      y[first + static_cast<std::size_t>(j)] =
          log ? shifted - std::log(sum) : std::exp(shifted) / sum;
    }
  }
  return y;
}

struct Gradient {
  std::vector<double> dx;
  std::vector<double> bound;  ///< on the error of each
};

/// The oracle's gradient from a stored y.
Gradient backward_oracle(const std::vector<float>& y, const std::vector<float>& dy, int channels,
                         bool log) {
  Gradient gradient{std::vector<double>(y.size()), std::vector<double>(y.size())};
  for (std::size_t first = 0; first < y.size(); first += static_cast<std::size_t>(channels)) {
    const std::size_t end = first + static_cast<std::size_t>(channels);
    double sum = 0;
    double mass = 0;
    for (std::size_t i = first; i < end; ++i) {
      const double term = log ? double{dy[i]} : double{y[i]} * double{dy[i]};
      sum += term;
      mass += std::abs(term);
    }
    for (std::size_t i = first; i < end; ++i) {
      const double factor = log ? std::exp(double{y[i]}) : double{y[i]};
      gradient.dx[i] = log ? dy[i] - factor * sum : factor * (dy[i] - sum);
      // exp of a y that is at least -30 counts for as many roundings.
      gradient.bound[i] = factor * mass * (sum_error(channels) + 32 * kHalfUnit) +
                          (log ? 1 : factor) * std::abs(dy[i]) * 3 * kHalfUnit;
    }
  }
  return gradient;
}

constexpr int kTrials = 3;
constexpr int kMaxRows = 4;
constexpr int kRows = 3;
constexpr int kVectors = 2;

/// Whether element i belongs to a row of the batch and an active trial.
bool written(std::size_t i, int channels) {
  const std::size_t row_size = static_cast<std::size_t>(kVectors * channels);
  return i / (kMaxRows * row_size) != 1 && i / row_size % kMaxRows < kRows;
}

TrialTable table() {
  return TrialTable({.rows = kRows, .max_rows = kMaxRows, .states = {{}, {.active = 0}, {}}});
}

TEST_P(SoftmaxTest, IsTheOracles) {
  const auto [channels, log] = GetParam();
  const std::size_t size = static_cast<std::size_t>(kTrials * kMaxRows * kVectors * channels);
  std::vector<float> x = normal_values(size, 1);
  for (float& value : x) value *= 8;
  x[0] = 40;  // one that takes all: log1p of a tiny sum
  const auto before = small_integers(size, 8, 2);
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_y(before);

  kernels::softmax(
      {device_x.per_trial(kTrials), device_y.per_trial(kTrials), kVectors, channels, log},
      table().context());

  auto want = oracle(x, channels, log);
  for (std::size_t i = 0; i < size; ++i)
    if (!written(i, channels)) want[i] = before[i];
  const int n = channels;
  // Of the logarithm, x - largest and its difference to the sum's logarithm are both rounded.
  const double least = log ? 2 * 80 * kHalfUnit : 0x1p-120;
  expect_within(device_y.read(), want, [&](std::size_t i) {
    return written(i, n) ? (kElementError + sum_error(n)) * std::abs(want[i]) + least : 0.0;
  });
}

TEST_P(SoftmaxTest, BackwardIsTheOracles) {
  const auto [channels, log] = GetParam();
  const std::size_t size = static_cast<std::size_t>(kTrials * kMaxRows * kVectors * channels);
  const auto x = normal_values(size, 3);
  std::vector<float> y(size);
  const auto forward = oracle(x, channels, log);
  for (std::size_t i = 0; i < size; ++i) y[i] = static_cast<float>(forward[i]);
  y = values(elements<kernels::Bf16>(y));
  const auto dy = normal_values(size, 4);
  const auto before = small_integers(size, 8, 5);
  const DeviceArray<kernels::Bf16> device_y(to_bf16(y));
  const DeviceArray<float> device_dy(dy);
  const DeviceArray<float> device_dx(before);

  kernels::softmax_backward({device_y.per_trial(kTrials), device_dy.per_trial(kTrials),
                             device_dx.per_trial(kTrials), kVectors, channels, log},
                            table().context());

  auto want = backward_oracle(y, dy, channels, log);
  for (std::size_t i = 0; i < size; ++i)
    if (!written(i, channels)) want.dx[i] = before[i];
  expect_within(device_dx.read(), want.dx,
                [&](std::size_t i) { return written(i, channels) ? want.bound[i] : 0.0; });
}

INSTANTIATE_TEST_SUITE_P(Channels, SoftmaxTest,
                         testing::Values(Case{1, false}, Case{1, true}, Case{10, false},
                                         Case{10, true}, Case{32, false}, Case{33, true},
                                         Case{100, false}, Case{512, false}, Case{1000, true},
                                         Case{1001, false}, Case{2310, false}),
                         [](const testing::TestParamInfo<Case>& one) {
                           return (one.param.log ? "Log" : "Plain") +
                                  std::to_string(one.param.channels);
                         });

/// A warp's sum of a vector's terms, each lane's in order, then those of the lanes in pairs.
float sum_of_warp(const std::vector<float>& terms) {
  std::vector<float> lanes(32, 0.0F);
  for (std::size_t i = 0; i < terms.size(); ++i) lanes[i % 32] += terms[i];
  for (std::size_t distance = 16; distance > 0; distance /= 2) {
    const std::vector<float> own = lanes;
    for (std::size_t lane = 0; lane < 32; ++lane) lanes[lane] = own[lane] + own[lane ^ distance];
  }
  return lanes[0];
}

struct BitsCase {
  int channels;
  bool log;
  std::size_t shift;  ///< where arrays begin, in elements behind an aligned place
};

/// By how a vector is split, whoever takes it: warps up to 511 channels, blocks from 512 on, which
/// keep 1024 channels and load four neighbours at once where they can.
class SoftmaxBits : public testing::TestWithParam<BitsCase> {
 protected:
  const std::size_t channels = static_cast<std::size_t>(GetParam().channels);
  const std::size_t shift = GetParam().shift;

  [[nodiscard]] DeviceArray<float> shifted(const std::vector<float>& values) const {
    std::vector<float> all(shift, 0.0F);
    all.insert(all.end(), values.begin(), values.end());
    return DeviceArray<float>(all);
  }
  template <class T>
  [[nodiscard]] kernels::PerTrial<T> from_shift(const DeviceArray<float>& array) const {
    return {array.data() + shift, GetParam().channels};
  }
  [[nodiscard]] std::vector<float> read(const DeviceArray<float>& array) const {
    const std::vector<float> all = array.read();
    return {all.begin() + static_cast<std::ptrdiff_t>(shift), all.end()};
  }
};

std::vector<double> doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

TEST_P(SoftmaxBits, AreThoseOfAWarp) {
  const bool log = GetParam().log;
  std::vector<float> x = normal_values(channels, 1);
  x[channels / 3] = x[channels - 1] = 5;  // the largest, twice
  const DeviceArray<float> device_x = shifted(x);
  const DeviceArray<float> device_y = shifted(std::vector<float>(channels));
  const TrialTable one({});
  kernels::softmax(
      {from_shift<const float>(device_x), from_shift<float>(device_y), 1, GetParam().channels, log},
      one.context());

  std::vector<float> terms;
  for (const float value : x) terms.push_back(value == 5 ? 0 : kernels::math::exp(value - 5));
  const float others = sum_of_warp(terms) + 1;
  std::vector<float> want;
  for (const float value : x)
    want.push_back(log ? value - 5 - kernels::math::log1p(others)
                       : kernels::math::exp(value - 5) / (1 + others));
  expect_equal(read(device_y), doubles(want));
}

TEST_P(SoftmaxBits, OfTheGradientAreThoseOfAWarp) {
  const bool log = GetParam().log;
  std::vector<float> y = normal_values(channels, 2);
  for (float& value : y) value = -std::abs(value);
  const std::vector<float> dy = normal_values(channels, 3);
  const DeviceArray<float> device_y = shifted(y);
  const DeviceArray<float> device_dy = shifted(dy);
  const DeviceArray<float> device_dx = shifted(std::vector<float>(channels));
  const TrialTable one({});
  kernels::softmax_backward({from_shift<const float>(device_y), from_shift<const float>(device_dy),
                             from_shift<float>(device_dx), 1, GetParam().channels, log},
                            one.context());

  std::vector<float> terms, want;
  for (std::size_t i = 0; i < channels; ++i) terms.push_back(log ? dy[i] : y[i] * dy[i]);
  const float sum = sum_of_warp(terms);
  for (std::size_t i = 0; i < channels; ++i)
    want.push_back(log ? dy[i] - kernels::math::exp(y[i]) * sum : y[i] * (dy[i] - sum));
  expect_equal(read(device_dx), doubles(want));
}

INSTANTIATE_TEST_SUITE_P(Channels, SoftmaxBits,
                         testing::Values(BitsCase{100, false, 0}, BitsCase{511, true, 0},
                                         BitsCase{512, false, 0}, BitsCase{1000, true, 0},
                                         BitsCase{1000, false, 1}, BitsCase{1001, false, 0},
                                         BitsCase{2308, false, 0}, BitsCase{2311, true, 0}),
                         [](const testing::TestParamInfo<BitsCase>& one) {
                           return (one.param.log ? "Log" : "Plain") +
                                  std::to_string(one.param.channels) + "From" +
                                  std::to_string(one.param.shift);
                         });

std::vector<float> softmax_of(const std::vector<float>& x, bool log) {
  const DeviceArray<float> device_x(x);
  const DeviceArray<float> device_y(x.size());
  const TrialTable one({});
  kernels::softmax({device_x.per_trial(), device_y.per_trial(), 1, static_cast<int>(x.size()), log},
                   one.context());
  return device_y.read();
}

TEST(SoftmaxSpecials, ExactWhereExpIs) {
  expect_equal(softmax_of({3, 3, 3, 3}, false), {0.25, 0.25, 0.25, 0.25});
  expect_equal(softmax_of({5, -kInfinity}, false), {1, 0});
  expect_equal(softmax_of({5, -kInfinity}, true), {0, -HUGE_VAL});
}

TEST(SoftmaxSpecials, NaNAndInfinityMakeAVectorNaN) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const bool log : {false, true}) {
    expect_equal(softmax_of({1, std::nanf(""), 2}, log), {nan, nan, nan});
    expect_equal(softmax_of({1, kInfinity, 2}, log), {nan, nan, nan});
    expect_equal(softmax_of({-kInfinity, -kInfinity}, log), {nan, nan});
  }
}

TEST(SoftmaxSpecials, TakesBf16AndGivesBf16) {
  const std::vector<float> x = {0, 0.5F, -2};
  const DeviceArray<kernels::Bf16> device_x(to_bf16(x));
  const DeviceArray<kernels::Bf16> device_y(x.size());
  const TrialTable one({});
  kernels::softmax({device_x.per_trial(), device_y.per_trial(), 1, 3, false}, one.context());
  const auto want = oracle(x, 3, false);
  expect_within(values(device_y.read()), want,
                [&](std::size_t i) { return 0x1.01p-8 * want[i]; });  // half a unit of bf16
}

}  // namespace
}  // namespace saltus::test
