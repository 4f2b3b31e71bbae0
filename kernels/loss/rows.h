// The loss and the metrics of the rows of a batch, a warp each, or a block of kThreads each: what
// the kernels of all losses share.
#pragma once

#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/loss/loss.h>
#include <saltus/kernels/loss/sample_loss.h>

namespace saltus::kernels {

/// What is left of a row in the workspace, [rows][RowRecord::size()]: the loss, the metrics of the
/// list, then those that are formulas.
struct RowRecord {
  static constexpr int kMetrics = static_cast<int>(ListedMetrics::kCount);
  static constexpr int kMostFields = 1 + kMetrics + kMostFormulaMetrics;

  SALTUS_HD static int size(const EvaluateLoss& step) { return 1 + kMetrics + step.metrics.count; }
  SALTUS_HD static double* of(const EvaluateLoss& step, int trial, int row) {
    return step.workspace[trial] + std::int64_t{row} * size(step);
  }
};

struct Larger {
  template <class T>
  SALTUS_HD T operator()(T a, T b) const {
    return a > b ? a : b;
  }
};

struct Smaller {
  SALTUS_HD int operator()(int a, int b) const { return a < b ? a : b; }
};

/// A row's outputs and what they should be.
class Row {
 public:
  __device__ Row(const EvaluateLoss& step, const Trials& trials, int trial, int row)
      : step_(step), trial_(trial), first_(std::int64_t{row} * step.outputs) {
    const std::int64_t sample = sample_of_row(step.order, trials, trial, row);
    if (step.weights != nullptr) weight_ = step.weights[sample];
    const Targets& targets = step.targets;
    if (targets.values != nullptr)
      values_ = targets.values + sample * step.outputs;
    else
      number_ = targets.bytes != nullptr ? targets.bytes[sample] : targets.numbers[sample];
  }

  __device__ double x(int j) const { return step_.x.load(trial_, first_ + j); }

  __device__ double t(int j) const {
    if (values_ != nullptr) return values_[j];
    if (step_.outputs == 1) return number_;
    return j == number_ ? 1 : 0;
  }

  __device__ double weight() const { return weight_; }

  __device__ void save_gradient(int j, double gradient) const {
    step_.dx.save(static_cast<float>(weight_ * gradient), trial_, first_ + j);
  }

 private:
  const EvaluateLoss& step_;
  int trial_;
  std::int64_t first_;
  const float* values_ = nullptr;
  int number_ = 0;
  double weight_ = 1;
};

/// The values of a row's kThreads threads, combined. All of them must come here.
template <int kThreads, class T, class Combine = Add>
__device__ T reduce_row(T value, Combine combine = {}) {
  if constexpr (kThreads == kWarpLanes)
    return reduce_warp(value, combine);
  else
    return reduce_block<kThreads>(value, combine);
}

/// Calls visit(j) for the thread's outputs.
template <int kThreads, class Visit>
__device__ void for_outputs(const EvaluateLoss& step, Visit visit) {
  for (int j = static_cast<int>(threadIdx.x); j < step.outputs; j += kThreads) visit(j);
}

/// The place of the first of all threads' largest.
template <int kThreads>
__device__ int first_of_row(const FirstLargest& largest) {
  const double value = reduce_row<kThreads>(largest.value, Larger{});
  return reduce_row<kThreads>(largest.value == value ? largest.place : FirstLargest::kNone,
                              Smaller{});
}

/// What the thread has that an output belongs to. All threads must come here.
template <int kThreads>
__device__ double of_thread_with(int output, double value) {
  const int owner = output % kThreads;
  if constexpr (kThreads == kWarpLanes)
    return __shfl_sync(kWholeWarp, value, owner);
  else
    return reduce_block<kThreads>(static_cast<int>(threadIdx.x) == owner ? value : 0.0);
}

/// The calling threads' row as a loss sees it.
template <LossTerms L, int kThreads = kWarpLanes>
class RowLoss {
 public:
  __device__ RowLoss(const L& terms, const EvaluateLoss& step, const Row& row, int rows)
      : loss_(terms, step.softmax, step.outputs, rows), row_(row) {
    if (loss_.softmax()) {
      FirstLargest largest;
      for_outputs<kThreads>(step, [&](int j) { largest.take(row_.x(j), j); });
      const int top = first_of_row<kThreads>(largest);
      loss_.set_largest(row_.x(top), top);
      double others = 0;
      for_outputs<kThreads>(step, [&](int j) {
        const double exponential = loss_.exponential(row_.x(j));
        if (j == thread()) own_ = exponential;
        if (j != top) others += exponential;
      });
      loss_.set_others(reduce_row<kThreads>(others));
    }
    if (loss_.shares()) {
      double sum = 0;
      for_outputs<kThreads>(step, [&](int j) { sum += row_.x(j); });
      loss_.set_sum(reduce_row<kThreads>(sum));
    }
  }

  __device__ LossOutput output(int j) const {
    const double x = row_.x(j);
    const double exponential = j == thread() || !loss_.softmax() ? own_ : loss_.exponential(x);
    return loss_.output(j, x, row_.t(j), exponential);
  }

  __device__ const SampleLoss<L>* operator->() const { return &loss_; }

 private:
  __device__ static int thread() { return static_cast<int>(threadIdx.x); }

  SampleLoss<L> loss_;
  const Row& row_;
  double own_ =
      0;  ///< exponential of the thread's first output: with few of them it is the only one
};

/// Loss, gradient and listed metrics of a row, by the first kThreads of a block: a warp, or all.
template <int kThreads = kWarpLanes, LossTerms L>
__device__ void evaluate_row(const L& formula, const EvaluateLoss& step, const Trials& trials,
                             int trial, int row_number) {
  const Row row(step, trials, trial, row_number);
  const RowLoss<L, kThreads> loss(formula, step, row, trials.rows());

  double terms = 0;
  double pulls = 0;
  FirstLargest y;
  FirstLargest t;
  double y_of_target = 0;  // of the thread's outputs
  for_outputs<kThreads>(step, [&](int j) {
    const LossOutput out = loss.output(j);
    terms += loss->term(out);
    pulls += loss->pull(out);
    y.take(loss->metric_output(out), j);
    t.take(row.t(j), j);
    if (t.place == j) y_of_target = loss->metric_output(out);
  });
  if (step.dx) {
    pulls = reduce_row<kThreads>(pulls);
    for_outputs<kThreads>(
        step, [&](int j) { row.save_gradient(j, loss->gradient(loss.output(j), pulls)); });
  }

  MetricSample sample{.outputs = step.outputs,
                      .predicted = first_of_row<kThreads>(y),
                      .target = first_of_row<kThreads>(t),
                      .y_of_target = 0};
  sample.y_of_target = of_thread_with<kThreads>(sample.target, y_of_target);
  double sums[RowRecord::kMetrics] = {};
  for_outputs<kThreads>(step, [&](int j) {
    ListedMetrics::add_output(sample, loss->metric_output(loss.output(j)), row.t(j), sums);
  });

  terms = reduce_row<kThreads>(terms);
#pragma unroll
  for (double& sum : sums) sum = reduce_row<kThreads>(sum);
  if (threadIdx.x != 0) return;
  ListedMetrics::end_sample(sample, sums);
  double* const record = RowRecord::of(step, trial, row_number);
  record[0] = row.weight() * loss->loss(terms);
#pragma unroll
  for (int i = 0; i < RowRecord::kMetrics; ++i) record[1 + i] = sums[i];
}

}  // namespace saltus::kernels
