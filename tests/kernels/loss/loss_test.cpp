#include "tests/reference/loss.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include <saltus/kernels/loss/loss.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

using kernels::BatchSums;
using reference::metric;
using reference::Values;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr double kHalfUnit = 0x1p-24;
constexpr int kTrials = 3;  // of which the second is not active
constexpr int kRows = 5;
constexpr int kMaxRows = 6;
constexpr std::uint32_t kSamples = 23;
constexpr std::uint32_t kFirst = 9;
constexpr int kBatches = 3;  // places for sums; the tests' batch is number 1

Values softmax(const Values& x) {
  const double largest = *std::max_element(x.begin(), x.end());
  Values p(x.begin(), x.end());
  double sum = 0;
  for (double& value : p) sum += value = std::exp(value - largest);
  for (double& value : p) value /= sum;
  return p;
}

/// What the oracle makes of one sample.
struct Sample {
  double loss = 0;
  Values dx;
  double mass = 0;  ///< of what was added up for each dx
  reference::Sums metrics;
};

Sample oracle(const Loss& loss, bool fused, const Values& x, const Values& t) {
  const Shape shape = {x.size()};
  const auto batch = [&](const Values& values) { return reference::Batch(1, shape, values); };
  const Values y = fused ? softmax(x) : x;
  Sample sample;
  sample.metrics = count(batch(y), batch(t));
  const bool of_logits = fused && loss.is_categorical();
  const auto result = evaluate(loss, batch(of_logits ? x : y), batch(t), of_logits);
  sample.loss = result.sum;
  sample.dx = result.gradient.values;
  for (std::int64_t j = 0; j < x.size(); ++j) sample.mass += std::abs(sample.dx[j] * y[j]);
  if (!fused || of_logits) return sample;
  // Through the softmax: dx_j = p_j (dp_j - sum_i dp_i p_i)
  double sum = 0;
  for (std::int64_t j = 0; j < x.size(); ++j) sum += sample.dx[j] * y[j];
  for (std::int64_t j = 0; j < x.size(); ++j) sample.dx[j] = y[j] * (sample.dx[j] - sum);
  return sample;
}

enum class Kind : std::uint8_t { bytes, numbers, values };

/// A batch of three trials and what the kernel makes of it.
struct Batch {
  Loss loss = losses::MeanSquaredError{};
  bool softmax = false;
  int outputs = 1;
  Kind kind = Kind::numbers;
  bool shuffled = false;
  int rows = kRows;
  int max_rows = kMaxRows;
  std::vector<float> x = {};       ///< [trials][max_rows][outputs]
  std::vector<int> numbers = {};   ///< [samples]
  std::vector<float> values = {};  ///< [samples][outputs]

  std::vector<float> dx = {};  ///< before and after
  std::vector<BatchSums> sums = std::vector<BatchSums>(kTrials * kBatches);

  template <class In, class Out>
  void run(bool gradient = true);

  std::size_t row_size() const { return static_cast<std::size_t>(outputs); }
  std::size_t stride() const { return static_cast<std::size_t>(max_rows) * row_size(); }
  std::uint32_t samples() const {
    return static_cast<std::uint32_t>(kind == Kind::values ? values.size() / row_size()
                                                           : numbers.size());
  }
  const BatchSums& sums_of(std::size_t trial) const { return sums[trial * kBatches + 1]; }

  Values targets(std::size_t trial, std::uint32_t row) const {
    const std::uint32_t place = kFirst + row;
    const std::size_t sample =
        shuffled ? kernels::shuffled_index(trial + 5, 3, place, samples()) : place;
    if (kind == Kind::values) {
      const auto first = values.begin() + static_cast<std::ptrdiff_t>(sample * row_size());
      return {first, first + outputs};
    }
    Values t(outputs);
    if (outputs == 1)
      t[0] = numbers[sample];
    else
      t[numbers[sample]] = 1;
    return t;
  }
  Values row_of_x(std::size_t trial, std::uint32_t row) const {
    const auto first = x.begin() + static_cast<std::ptrdiff_t>(trial * stride() + row * row_size());
    return {first, first + outputs};
  }
};

template <class In, class Out>
void Batch::run(bool gradient) {
  const DeviceArray<In> device_x(elements<In>(x));
  const DeviceArray<Out> device_dx(elements<Out>(dx));
  const DeviceArray<std::uint8_t> device_bytes(
      std::vector<std::uint8_t>(numbers.begin(), numbers.end()));
  const DeviceArray<std::int32_t> device_numbers(numbers);
  const DeviceArray<float> device_values(values);
  const DeviceArray<BatchSums> device_sums(sums);
  const DeviceArray<double> workspace(static_cast<std::size_t>(kTrials) *
                                      static_cast<std::size_t>(kernels::loss_workspace(max_rows)));
  const TrialTable table({.rows = rows,
                          .max_rows = max_rows,
                          .batch = {.first = kFirst, .number = 1, .epoch = 3},
                          .states = {{.seed = 5}, {.seed = 6, .active = 0}, {.seed = 7}}});
  kernels::Targets targets;
  if (kind == Kind::bytes) targets.bytes = device_bytes.data();
  if (kind == Kind::numbers) targets.numbers = device_numbers.data();
  if (kind == Kind::values) targets.values = device_values.data();
  kernels::evaluate_loss(
      {.loss = loss.listed(),
       .softmax = softmax,
       .outputs = outputs,
       .x = device_x.per_trial(kTrials),
       .dx = gradient ? kernels::AnyOutput(device_dx.per_trial(kTrials)) : kernels::AnyOutput(),
       .targets = targets,
       .order = {samples(), shuffled},
       .sums = device_sums.per_trial(kTrials),
       .workspace = workspace.per_trial(kTrials)},
      table.context());
  dx = test::values(device_dx.read());
  sums = device_sums.read();
}

/// Gradients of all trials, with what stood there before, and a bound on the error of each.
struct WantedGradient {
  std::vector<double> dx, bound;
};

/// What a double's error comes to where 1 - p is as small as the clip lets it be, 2^-23: the
/// oracle takes it from a rounded p.
constexpr double kCancelled = 4 * 0x1p-53 * 0x1p23;

WantedGradient wanted_gradient(const Batch& batch, const std::vector<float>& before, double unit) {
  WantedGradient want{{before.begin(), before.end()}, std::vector<double>(before.size())};
  for (const std::size_t trial : {0U, 2U}) {
    for (std::uint32_t row = 0; row < static_cast<std::uint32_t>(batch.rows); ++row) {
      const Sample sample =
          oracle(batch.loss, batch.softmax, batch.row_of_x(trial, row), batch.targets(trial, row));
      for (std::int64_t j = 0; j < batch.outputs; ++j) {
        const std::size_t i =
            trial * batch.stride() + row * batch.row_size() + static_cast<std::size_t>(j);
        want.dx[i] = sample.dx[j] / batch.rows;
        want.bound[i] = (unit + kCancelled) * std::abs(want.dx[i]) +
                        kCancelled * sample.mass / batch.rows + 0x1p-149;
      }
    }
  }
  return want;
}

void expect_sums(const Batch& batch) {
  for (std::size_t trial = 0; trial < kTrials; ++trial) {
    SCOPED_TRACE("trial " + std::to_string(trial));
    reference::Sums want;
    double mass = 0;
    for (std::uint32_t row = 0; trial != 1 && row < static_cast<std::uint32_t>(batch.rows); ++row) {
      const Sample sample =
          oracle(batch.loss, batch.softmax, batch.row_of_x(trial, row), batch.targets(trial, row));
      ++want.rows;
      want.loss += sample.loss;
      mass += std::abs(sample.loss) + 100;  // logarithms and logits of that size cancel
      for (std::size_t i = 0; i < want.metrics.size(); ++i)
        want.metrics[i] += sample.metrics.metrics[i];
    }
    const BatchSums& got = batch.sums_of(trial);
    EXPECT_EQ(got.rows, static_cast<unsigned long long>(want.rows));
    EXPECT_EQ(got.clipped, 0U);
    // Roundings of sums over a row and over the rows, and, of a clipped output's loss, kCancelled.
    const double roundings = (batch.outputs + batch.rows + 8) * 0x1p-53;
    EXPECT_LE(std::abs(got.loss - want.loss), (roundings + kCancelled) * mass) << got.loss;
    for (std::size_t i = 0; i < want.metrics.size(); ++i)
      EXPECT_NEAR(got.metrics[i], want.metrics[i], roundings * want.metrics[i])
          << ListedMetrics::kNames[i];
    EXPECT_EQ(batch.sums[trial * kBatches].rows, 0U) << "another batch's";
    EXPECT_EQ(batch.sums[trial * kBatches + 2].rows, 0U) << "another batch's";
  }
}

/// Outputs of the kind that a loss takes.
std::vector<float> outputs_for(const Loss& loss, bool softmax, std::size_t count) {
  std::vector<float> x = normal_values(count, 1);
  const bool probabilities =
      !softmax && (loss.takes_softmax() || loss.as<losses::Poisson>() != nullptr);
  for (float& value : x) value = probabilities ? std::min(1.0F, std::abs(value) / 2) : 4 * value;
  return test::values(to_bf16(x));
}

/// Random targets: numbers of classes, or values from [0, 1] some of which are 0 and 1.
void draw_targets(Batch& batch) {
  if (batch.kind != Kind::values) {
    for (const float value : small_integers(kSamples, 1000, 2))
      batch.numbers.push_back((static_cast<int>(value) + 1000) %
                              (batch.outputs == 1 ? 2 : std::min(batch.outputs, 256)));
    return;
  }
  for (const float value : normal_values(kSamples * batch.row_size(), 2))
    batch.values.push_back(std::clamp(0.5F + value / 2, 0.0F, 1.0F));
}

class LossTest : public testing::TestWithParam<std::tuple<Loss, bool>> {
 protected:
  const Loss loss = std::get<0>(GetParam());
  const bool softmax = std::get<1>(GetParam());

  Batch batch_of(int outputs, Kind kind) const {
    Batch batch{.loss = loss, .softmax = softmax, .outputs = outputs, .kind = kind};
    batch.x = outputs_for(loss, softmax, kTrials * batch.stride());
    batch.dx = small_integers(kTrials * batch.stride(), 8, 3);
    draw_targets(batch);
    return batch;
  }
};

TEST_P(LossTest, IsTheOraclesForAllSizesAndTargets) {
  for (const int outputs : {1, 2, 10, 31, 32, 33, 70, 256, 601}) {
    for (const Kind kind : {Kind::bytes, Kind::numbers, Kind::values}) {
      SCOPED_TRACE(std::to_string(outputs) + " outputs, targets of kind " +
                   std::to_string(static_cast<int>(kind)));
      Batch batch = batch_of(outputs, kind);
      batch.shuffled = kind != Kind::bytes;
      const auto before = batch.dx;
      batch.run<float, float>();
      const WantedGradient want = wanted_gradient(batch, before, kHalfUnit);
      expect_within(batch.dx, want.dx, [&](std::size_t i) { return want.bound[i]; });
      expect_sums(batch);
    }
  }
}

TEST_P(LossTest, TakesBf16AndGivesBf16) {
  Batch batch = batch_of(10, Kind::values);
  const auto before = batch.dx;
  batch.run<kernels::Bf16, kernels::Bf16>();
  const WantedGradient want = wanted_gradient(batch, before, 0x1.01p-8);  // half a unit of bf16
  expect_within(batch.dx, want.dx, [&](std::size_t i) { return want.bound[i]; });
  expect_sums(batch);
}

TEST_P(LossTest, OfManyClassesAndRowsWithoutAGradient) {
  Batch batch{.loss = loss,
              .softmax = softmax,
              .outputs = 1000,
              .kind = Kind::numbers,
              .rows = 75,
              .max_rows = 80};
  batch.x = outputs_for(loss, softmax, kTrials * batch.stride());
  for (int i = 0; i < 100; ++i) batch.numbers.push_back(i * 613 % 1000);
  batch.dx.assign(kTrials, 1);
  batch.run<float, float>(false);
  expect_sums(batch);
  EXPECT_EQ(batch.dx[0], 1) << "written without being asked for";
}

std::string name_of(const Loss& loss, bool softmax) {
  std::string name = to_string(loss);
  std::ranges::replace_if(
      name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name + (softmax ? "_of_softmax" : "");
}

/// Every loss, and each with other parameters.
std::vector<Loss> all_losses() {
  std::vector<Loss> all = loss_list();
  all.insert(all.end(),
             {losses::CategoricalCrossentropy{.from_logits = true},
              losses::CategoricalCrossentropy{.label_smoothing = 0.25},
              losses::SparseCategoricalCrossentropy{.from_logits = true},
              losses::BinaryCrossentropy{.from_logits = true},
              losses::BinaryCrossentropy{.label_smoothing = 0.25}, losses::Huber{.delta = 0.125}});
  return all;
}

INSTANTIATE_TEST_SUITE_P(All, LossTest,
                         testing::Combine(testing::ValuesIn(all_losses()), testing::Bool()),
                         [](const testing::TestParamInfo<std::tuple<Loss, bool>>& one) {
                           return name_of(std::get<0>(one.param), std::get<1>(one.param));
                         });

/// One trial, one row, with values as targets; the table's other trials get the same row.
struct OneRow {
  double loss;
  std::vector<float> dx;
  BatchSums sums;
};

OneRow evaluate_row(const Loss& loss, bool softmax, const std::vector<float>& x,
                    const std::vector<float>& t) {
  Batch batch{.loss = loss,
              .softmax = softmax,
              .outputs = static_cast<int>(x.size()),
              .kind = Kind::values,
              .rows = 1,
              .max_rows = 1};
  for (int trial = 0; trial < kTrials; ++trial) batch.x.insert(batch.x.end(), x.begin(), x.end());
  for (std::uint32_t sample = 0; sample <= kFirst; ++sample)
    batch.values.insert(batch.values.end(), t.begin(), t.end());
  batch.dx.resize(batch.x.size());
  batch.run<float, float>();
  batch.dx.resize(x.size());
  return {batch.sums_of(0).loss, batch.dx, batch.sums_of(0)};
}

TEST(LossExact, SquaresOfIntegers) {
  Batch batch{.outputs = 4, .kind = Kind::values, .rows = 4, .max_rows = 4};
  batch.x = small_integers(kTrials * 16, 8, 1);
  batch.values = small_integers(kSamples * 4, 8, 2);
  batch.dx.resize(batch.x.size());
  batch.run<float, float>();
  const WantedGradient want = wanted_gradient(batch, std::vector<float>(batch.x.size()), 0);
  expect_equal(batch.dx, want.dx);
  double loss = 0;
  for (std::uint32_t row = 0; row < 4; ++row)
    loss += oracle(batch.loss, false, batch.row_of_x(2, row), batch.targets(2, row)).loss;
  EXPECT_EQ(batch.sums_of(2).loss, loss);
}

TEST(LossExact, EqualLogitsShareEqually) {
  for (const Loss& loss : std::vector<Loss>{losses::CategoricalCrossentropy{},
                                            losses::CategoricalCrossentropy{.from_logits = true}}) {
    const OneRow row = evaluate_row(loss, true, {3, 3, 3, 3}, {0, 1, 0, 0});
    EXPECT_DOUBLE_EQ(row.loss, std::log(4.0));
    expect_equal(row.dx, {0.25, -0.75, 0.25, 0.25});
  }
}

TEST(LossClip, EndsAtTheFloatsOfItsBounds) {
  const float low = 1e-7F;
  const float high = 1.0F - 1e-7F;
  const float below = std::nextafter(low, 0.0F);
  const double n = 2;
  const auto derivative = [&](double p, double t) { return (p - t) / (p * (1 - p)) / n; };
  const OneRow inside = evaluate_row(losses::BinaryCrossentropy{}, false, {low, high}, {1, 0});
  expect_within(inside.dx, {derivative(low, 1), derivative(high, 0)},
                [&](std::size_t) { return kHalfUnit * 1.01 * 1e7; });
  EXPECT_NEAR(inside.loss, (-std::log(double{low}) - std::log(1 - double{high})) / n, 1e-13);
  const OneRow outside = evaluate_row(losses::BinaryCrossentropy{}, false, {below, 1}, {1, 0});
  expect_equal(outside.dx, {0, 0});
  EXPECT_EQ(outside.loss, inside.loss) << "clipped to the bounds";
  expect_equal(evaluate_row(losses::BinaryCrossentropy{}, false, {-3, 7}, {1, 0}).dx, {0, 0});

  // Shares of a sum: the first is below, at and above its bound.
  const OneRow shares =
      evaluate_row(losses::CategoricalCrossentropy{}, false, {below, 1 - below}, {1, 0});
  EXPECT_NEAR(shares.loss, -std::log(double{low}), 1e-13);
  expect_equal(shares.dx, {0, 0});
}

/// Where the loss of a softmax clips, and far beyond.
TEST(LossClip, OfLogitsFarApart) {
  for (const float far : {15.0F, 16.0F, 17.0F, 40.0F, 100.0F}) {
    for (const std::vector<float>& t :
         {std::vector<float>{1, 0, 0}, {0, 1, 0}, {0.25F, 0.5F, 0.25F}}) {
      for (const Loss& loss :
           std::vector<Loss>{losses::BinaryCrossentropy{}, losses::CategoricalCrossentropy{},
                             losses::BinaryCrossentropy{.from_logits = true}}) {
        for (const bool softmax : {false, true}) {
          if (!softmax && loss != losses::BinaryCrossentropy{.from_logits = true}) continue;
          SCOPED_TRACE(name_of(loss, softmax) + " " + std::to_string(far));
          const std::vector<float> x = {far, -far, 0};
          const OneRow got = evaluate_row(loss, softmax, x, t);
          const Sample want =
              oracle(loss, softmax, Values(x.begin(), x.end()), Values(t.begin(), t.end()));
          EXPECT_NEAR(got.loss, want.loss, 1e-8 * std::abs(want.loss) + 1e-13);
          expect_within(got.dx, {want.dx.begin(), want.dx.end()}, [&](std::size_t j) {
            return (kHalfUnit + kCancelled) * std::abs(want.dx[static_cast<std::int64_t>(j)]) +
                   kCancelled * want.mass + 0x1p-149;
          });
        }
      }
    }
  }
}

/// The rest of a probability just below its clip, from which a difference to 1 would take digits.
TEST(LossPrecision, KeepsTheRestOfASureAndWrongAnswer) {
  const OneRow row = evaluate_row(losses::BinaryCrossentropy{}, true, {15, 0}, {0, 0});
  EXPECT_NEAR(row.loss, (15 + 2 * std::log1p(std::exp(-15.0))) / 2, 1e-14);
}

/// A sure and right answer: 1 - p is far below a double's unit at 1, and must not vanish.
TEST(LossPrecision, KeepsTheRestOfASureAnswer) {
  const OneRow row = evaluate_row(losses::CategoricalCrossentropy{}, true, {50, 0}, {1, 0});
  EXPECT_DOUBLE_EQ(row.loss, std::exp(-50.0));
  expect_within({row.dx[1]}, {std::exp(-50.0)},
                [](std::size_t) { return kHalfUnit * 1.01 * std::exp(-50.0); });
}

TEST(LossMetrics, TakeTheFirstOfEqualsAndRoundAHalfDown) {
  const auto squares = [](const std::vector<float>& y, const std::vector<float>& t) {
    return evaluate_row(losses::MeanSquaredError{}, false, y, t).sums;
  };
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(squares({0, 1, 1}, {0, 1, 0})), 1);
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(squares({0, 1, 1}, {0, 0, 1})), 0)
      << "the first of equals";
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(squares({0, 1, 0}, {0, 0.5F, 0.5F})), 1)
      << "of targets, too";
  EXPECT_EQ(metric<metrics::BinaryAccuracy>(squares({0.5F, 0.75F, 0.25F}, {0, 1, 1})), 2);
  EXPECT_EQ(metric<metrics::BinaryAccuracy>(squares({0.5F, 0.75F, 0.25F}, {1, 0.75F, 0})), 1)
      << "soft: no hit";
  EXPECT_EQ(metric<metrics::MeanAbsoluteError>(squares({0.5F, 0.75F, 0.25F, 1}, {1, 0, 0.25F, 3})),
            3.25 / 4);
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(squares({-kInfinity, -kInfinity}, {1, 0})), 1);

  // Equals and their first one in other lanes and rounds.
  std::vector<float> y(70, -1.0F);
  std::vector<float> t(70);
  y[37] = y[38] = y[66] = 2;
  t[37] = 1;
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(squares(y, t)), 1);
  y[5] = 2;
  EXPECT_EQ(metric<metrics::CategoricalAccuracy>(squares(y, t)), 0);
}

/// As std::max_element has it, which is what the oracle asks.
TEST(LossMetrics, TakeNaNForTheLargestInTheFirstPlaceOnly) {
  const float nan = std::nanf("");
  const auto largest = [](const std::vector<float>& y) {
    for (std::size_t j = 0; j < y.size(); ++j) {
      std::vector<float> t(y.size());
      t[j] = 1;
      const OneRow row = evaluate_row(losses::MeanSquaredError{}, false, y, t);
      if (metric<metrics::CategoricalAccuracy>(row.sums) == 1)
        return static_cast<std::ptrdiff_t>(j);
    }
    return std::ptrdiff_t{-1};
  };
  for (const std::vector<float>& y : {std::vector<float>{nan, 1, 2},
                                      {1, nan, 2},
                                      {3, nan, 2},
                                      {-kInfinity, nan},
                                      {nan, kInfinity}})
    EXPECT_EQ(largest(y), std::max_element(y.begin(), y.end()) - y.begin());
}

TEST_P(LossTest, NaNMakesTheLossNaN) {
  for (const std::size_t place : {0U, 1U, 2U}) {
    std::vector<float> x = {0.25F, 0.5F, 0.125F};
    x[place] = std::nanf("");
    const OneRow row = evaluate_row(loss, softmax, x, {0.25F, 0.25F, 0.5F});
    EXPECT_TRUE(std::isnan(row.loss)) << "at " << place;
    EXPECT_EQ(row.sums.rows, 1U);
  }
}

TEST_P(LossTest, InfinityIsAsTheOracleHasIt) {
  const bool of_logits = softmax || (loss.is_categorical() && !loss.takes_softmax());
  const bool smoothed = to_string(loss).find("label_smoothing") != std::string::npos;
  for (const std::vector<float>& x :
       {std::vector<float>{1, -kInfinity, 0.5F}, {-kInfinity, 1, 0.5F}, {kInfinity, 1, 0.5F}}) {
    Values logits(x.begin(), x.end());
    // A probability of zero that nothing is wanted of: the oracle multiplies its logarithm by zero.
    if (of_logits && !smoothed && std::isinf(x[1])) logits[1] = -1000;
    const OneRow got = evaluate_row(loss, softmax, x, {1, 0, 0});
    const Sample want = oracle(loss, softmax, logits, {1, 0, 0});
    if (std::isfinite(want.loss)) {
      EXPECT_NEAR(got.loss, want.loss, 1e-12 * std::abs(want.loss));
    } else {
      EXPECT_EQ(std::isnan(got.loss), std::isnan(want.loss));
      EXPECT_FALSE(std::isfinite(got.loss));
    }
  }
}

}  // namespace
}  // namespace saltus::test
