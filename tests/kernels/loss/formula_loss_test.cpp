#include "tests/kernels/device/linked_code.h"

#if defined(SALTUS_EMULATED_CUDA)

#include <cmath>

#include <gtest/gtest.h>

#include <saltus/kernels/loss/loss.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/trial_table.h"

namespace saltus::test {
namespace {

using kernels::BatchSums;

constexpr int kTrials = 3;  // of which the second is not active
constexpr int kRows = 4;    // a power of two: the mean over them is exact

struct Result {
  std::vector<float> dx;
  std::vector<BatchSums> sums;
};

/// Rows of `outputs` small integers with targets like them, and weights 1, 2, 3, 4.
struct Batch {
  int outputs;
  std::vector<float> x = small_integers(static_cast<std::size_t>(kTrials * kRows * outputs), 4, 1);
  std::vector<float> t = small_integers(static_cast<std::size_t>(kRows * outputs), 4, 2);

  Result run(int formula, const ListedLoss& listed, bool softmax,
             kernels::FormulaMetrics metrics) const {
    const Polynomials linked;
    const TrialTable table(
        {.rows = kRows, .max_rows = kRows + 1, .states = {{}, {.active = 0}, {}}});
    const DeviceArray<float> device_x(x);
    const DeviceArray<float> targets(t);
    const DeviceArray<float> weights(std::vector<float>{1, 2, 3, 4});
    const DeviceArray<float> dx(std::vector<float>(x.size(), -77));
    const DeviceArray<BatchSums> sums{std::vector<BatchSums>(kTrials)};
    const DeviceArray<double> workspace(
        static_cast<std::size_t>(kTrials * kernels::loss_workspace(kRows + 1, metrics.count)));
    kernels::evaluate_loss({.loss = listed,
                            .formula = formula,
                            .metrics = metrics,
                            .softmax = softmax,
                            .outputs = outputs,
                            .x = device_x.per_trial(kTrials),
                            .dx = dx.per_trial(kTrials),
                            .targets = {.values = targets.data()},
                            .weights = weights.data(),
                            .order = {kRows, false},
                            .sums = sums.per_trial(kTrials),
                            .workspace = workspace.per_trial(kTrials)},
                           table.context());
    return {dx.read(), sums.read()};
  }
};

TEST(FormulaLoss, IsTheWeightedMeanOfItsTerms) {
  for (const int outputs : {1, 2, 32, 64}) {  // powers of two: exact
    const Batch batch{outputs};
    const Result got = batch.run(Polynomials::kLoss, losses::MeanSquaredError{}, false, {});
    for (std::size_t trial = 0; trial < kTrials; ++trial) {
      double loss = 0;
      for (int row = 0; row < kRows; ++row) {
        for (int j = 0; j < outputs; ++j) {
          const auto of_row = static_cast<std::size_t>(row * outputs + j);
          const std::size_t i = trial * static_cast<std::size_t>(kRows * outputs) + of_row;
          const double y = batch.x[i];
          const double t = batch.t[of_row];
          loss += (row + 1) * y * y * t / outputs;
          EXPECT_EQ(got.dx[i], trial == 1 ? -77 : (row + 1) * 2 * y * t / outputs / kRows);
        }
      }
      EXPECT_EQ(got.sums[trial].loss, trial == 1 ? 0 : loss);
      EXPECT_EQ(got.sums[trial].rows, trial == 1 ? 0U : kRows);
    }
  }
}

TEST(FormulaMetrics, AreMeansOverOutputsBesideAnyLoss) {
  const int first = 10;
  const Batch batch{8};
  for (const int count : {1, kernels::kMostFormulaMetrics}) {
    for (const int formula : {kernels::EvaluateLoss::kListed, Polynomials::kLoss}) {
      const ListedLoss loss = losses::MeanSquaredError{};
      const Result without = batch.run(formula, loss, false, {});
      const Result got = batch.run(formula, loss, false, {first, count});
      EXPECT_EQ(got.dx, without.dx);
      for (const std::size_t trial : {0U, 2U}) {
        double y = 0;
        double t = 0;
        for (std::size_t i = 0; i < batch.t.size(); ++i) {
          y += batch.x[trial * batch.t.size() + i];
          t += batch.t[i];
        }
        EXPECT_EQ(got.sums[trial].loss, without.sums[trial].loss);
        for (int i = 0; i < kernels::kMostFormulaMetrics; ++i) {
          EXPECT_EQ(got.sums[trial].formula_metrics[i],
                    i < count ? ((first + i) * y - t) / batch.outputs : 0);
        }
      }
    }
  }
}

TEST(FormulaMetrics, SeeProbabilitiesBehindASoftmax) {
  const Batch batch{3};
  const Result got = batch.run(kernels::EvaluateLoss::kListed, losses::BinaryCrossentropy{}, true,
                               {.first = 5, .count = 1});
  double t = 0;
  for (const float target : batch.t) t += target;
  // The probabilities of a row add up to 1.
  EXPECT_NEAR(got.sums[2].formula_metrics[0], (5.0 * kRows - t) / 3, 1e-14);
}

}  // namespace
}  // namespace saltus::test

#endif
