// Loss, gradient and metrics in two kernels. Nothing of a step can run beside them, so what counts
// is how long a batch of a hundred rows takes from end to end, and that is a chain of logarithms,
// divisions and shuffles in double.
//
// rows_kernel: a warp takes a row, its lanes every 32nd output, so that the chain is as long as
// that of one output; a thread a row would go through ten of them one after the other. Warps have
// nothing to tell each other, and a block is one of them: that spreads the rows of a batch over all
// multiprocessors, some of which have two units for doubles only. From 256 outputs on a block of as
// many threads takes a row, as lanes would go through eight of them or more. A row's x is read up
// to four times, all but once from the first-level cache.
// Each loss has a kernel of its own, for the same reason.
// sum_kernel: a block a trial, a warp for each sum over the rows. The rows are summed by a
// launch of its own, since no block may wait for others.
#include <saltus/kernels/loss/formula_loss.h>
#include <saltus/kernels/loss/rows.h>

namespace saltus::kernels {
namespace {

constexpr int kLong = 256;  // outputs, and threads of a block that has as many

/// A multiprocessor holds three blocks of long rows, and of warps as many as 8.6 counts: left to
/// itself, ptxas makes room for four, and spills.
template <int kThreads, class L>
__global__ void __launch_bounds__(kThreads, kThreads == kLong ? 3 : 16)
    rows_kernel(L formula, EvaluateLoss step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int row = static_cast<int>(blockIdx.x);
  if (trials.active(trial) && row < trials.rows())
    evaluate_row<kThreads>(formula, step, trials, trial, row);
}

__global__ void __launch_bounds__(RowRecord::kMostFields* kWarpLanes)
    sum_kernel(EvaluateLoss step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
  const int field = static_cast<int>(threadIdx.x) / kWarpLanes;
  double sum = 0;
  for (int row = lane; row < trials.rows(); row += kWarpLanes)
    sum += RowRecord::of(step, trial, row)[field];
  sum = reduce_warp(sum);
  if (lane != 0) return;
  BatchSums& sums = step.sums[trial][trials.batch->number];
  if (field > RowRecord::kMetrics) {
    sums.formula_metrics[field - 1 - RowRecord::kMetrics] = sum;
  } else if (field > 0) {
    sums.metrics[field - 1] = sum;
  } else {
    sums.loss = sum;
    sums.rows = static_cast<unsigned long long>(trials.rows());
  }
}

template <int kThreads>
void evaluate_rows(const EvaluateLoss& arguments, const LaunchContext& context) {
  std::visit(
      [&](const auto& loss) {
        const auto formula = formula_of(loss);
        launch<rows_kernel<kThreads, std::remove_const_t<decltype(formula)>>>(
            Grid(context.max_rows, 1, context.trials.count), dim3(kThreads), 0, context.stream,
            formula, arguments, context.trials);
      },
      arguments.loss);
}

}  // namespace

void evaluate_loss(const EvaluateLoss& arguments, const LaunchContext& context) {
  if (arguments.formula != EvaluateLoss::kListed) {
    evaluate_formula_loss(arguments, context);
  } else if (arguments.outputs >= kLong) {
    evaluate_rows<kLong>(arguments, context);
  } else {
    evaluate_rows<kWarpLanes>(arguments, context);
  }
  add_rows(arguments, context);
}

void add_rows(const EvaluateLoss& arguments, const LaunchContext& context) {
  if (arguments.metrics.count > 0) evaluate_formula_metrics(arguments, context);
  launch<sum_kernel>(Grid(1, 1, context.trials.count),
                     dim3(static_cast<unsigned>(RowRecord::size(arguments) * kWarpLanes)), 0,
                     context.stream, arguments, context.trials);
}

std::int64_t loss_workspace(int max_rows, int formula_metrics) {
  return std::int64_t{max_rows} * (1 + RowRecord::kMetrics + formula_metrics);
}

}  // namespace saltus::kernels
