// Loss, gradient and metrics in two kernels. Nothing of a step can run beside them, so what counts
// is how long a batch of a hundred rows takes from end to end, and that is a chain of logarithms,
// divisions and shuffles in double.
//
// rows_kernel: a warp takes a row, its lanes every 32nd output, so that the chain is as long as
// that of one output; a thread a row would go through ten of them one after the other. Warps have
// nothing to tell each other, and a block is one of them: that spreads the rows of a batch over all
// multiprocessors, some of which have two units for doubles only. A row's x is read up to four
// times, all but once from the first-level cache.
// Each loss has a kernel of its own, for the same reason.
// sum_kernel: a block a trial, a warp for each sum over the rows. The rows are summed by a
// launch of its own, since no block may wait for others.
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/loss/loss.h>
#include <saltus/kernels/loss/sample_loss.h>

namespace saltus::kernels {
namespace {

/// What rows_kernel leaves of a row in the workspace, [rows][kRecord]: the loss, then the metrics.
constexpr int kMetrics = static_cast<int>(ListedMetrics::kCount);
constexpr int kRecord = 1 + kMetrics;

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

/// Calls visit(j) for the lane's outputs.
template <class Visit>
__device__ void for_outputs(const EvaluateLoss& step, Visit visit) {
  for (int j = static_cast<int>(threadIdx.x); j < step.outputs; j += kWarpLanes) visit(j);
}

/// The place of the first of all lanes' largest.
__device__ int first_of_warp(const FirstLargest& largest) {
  const double value = reduce_warp(largest.value, Larger{});
  return reduce_warp(largest.value == value ? largest.place : FirstLargest::kNone, Smaller{});
}

template <class L>
__global__ void __launch_bounds__(kWarpLanes)
    rows_kernel(L formula, EvaluateLoss step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int row_number = static_cast<int>(blockIdx.x);
  if (!trials.active(trial) || row_number >= trials.rows()) return;
  const int lane = static_cast<int>(threadIdx.x);
  const Row row(step, trials, trial, row_number);
  SampleLoss loss(formula, step.softmax, step.outputs, trials.rows());

  double own = 0;  // exponential of the lane's first output: with few of them it is the only one
  if (loss.softmax()) {
    FirstLargest largest;
    for_outputs(step, [&](int j) { largest.take(row.x(j), j); });
    const int top = first_of_warp(largest);
    loss.set_largest(row.x(top), top);
    double others = 0;
    for_outputs(step, [&](int j) {
      const double exponential = loss.exponential(row.x(j));
      if (j == lane) own = exponential;
      if (j != top) others += exponential;
    });
    loss.set_others(reduce_warp(others));
  }
  if (loss.shares()) {
    double sum = 0;
    for_outputs(step, [&](int j) { sum += row.x(j); });
    loss.set_sum(reduce_warp(sum));
  }
  const auto output = [&](int j) {
    const double x = row.x(j);
    return loss.output(j, x, row.t(j), j == lane || !loss.softmax() ? own : loss.exponential(x));
  };

  double terms = 0;
  double pulls = 0;
  FirstLargest y;
  FirstLargest t;
  double y_of_target = 0;  // of the lane's outputs
  for_outputs(step, [&](int j) {
    const LossOutput out = output(j);
    terms += loss.term(out);
    pulls += loss.pull(out);
    y.take(loss.metric_output(out), j);
    t.take(row.t(j), j);
    if (t.place == j) y_of_target = loss.metric_output(out);
  });
  if (step.dx) {
    pulls = reduce_warp(pulls);
    for_outputs(step, [&](int j) { row.save_gradient(j, loss.gradient(output(j), pulls)); });
  }

  MetricSample sample{.outputs = step.outputs,
                      .predicted = first_of_warp(y),
                      .target = first_of_warp(t),
                      .y_of_target = 0};
  sample.y_of_target = __shfl_sync(kWholeWarp, y_of_target, sample.target % kWarpLanes);
  double sums[kMetrics] = {};
  for_outputs(step, [&](int j) {
    ListedMetrics::add_output(sample, loss.metric_output(output(j)), row.t(j), sums);
  });

  terms = reduce_warp(terms);
#pragma unroll
  for (double& sum : sums) sum = reduce_warp(sum);
  if (lane != 0) return;
  ListedMetrics::end_sample(sample, sums);
  double* const record = step.workspace[trial] + std::int64_t{row_number} * kRecord;
  record[0] = row.weight() * loss.loss(terms);
#pragma unroll
  for (int i = 0; i < kMetrics; ++i) record[1 + i] = sums[i];
}

__global__ void __launch_bounds__(kRecord* kWarpLanes)
    sum_kernel(EvaluateLoss step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
  const int field = static_cast<int>(threadIdx.x) / kWarpLanes;
  const double* const records = step.workspace[trial];
  double sum = 0;
  for (int row = lane; row < trials.rows(); row += kWarpLanes)
    sum += records[std::int64_t{row} * kRecord + field];
  sum = reduce_warp(sum);
  if (lane != 0) return;
  BatchSums& sums = step.sums[trial][trials.batch->number];
  if (field > 0) {
    sums.metrics[field - 1] = sum;
  } else {
    sums.loss = sum;
    sums.rows = static_cast<unsigned long long>(trials.rows());
  }
}

}  // namespace

void evaluate_loss(const EvaluateLoss& arguments, const LaunchContext& context) {
  const int trials = context.trials.count;
  std::visit(
      [&](const auto& loss) {
        const auto formula = formula_of(loss);
        launch<rows_kernel<std::remove_const_t<decltype(formula)>>>(
            Grid(context.max_rows, 1, trials), dim3(kWarpLanes), 0, context.stream, formula,
            arguments, context.trials);
      },
      arguments.loss);
  launch<sum_kernel>(Grid(1, 1, trials), dim3(kRecord * kWarpLanes), 0, context.stream, arguments,
                     context.trials);
}

std::int64_t loss_workspace(int max_rows) {
  return std::int64_t{max_rows} * kRecord;
}

}  // namespace saltus::kernels
