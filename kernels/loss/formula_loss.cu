// Losses and metrics that are formulas, in kernels that are linked with them: a warp for each row,
// as for losses of the list. Metrics have a launch of their own, so that there is one kernel for
// them and not one for each loss.
#include <saltus/kernels/formula/call.h>
#include <saltus/kernels/loss/formula_loss.h>
#include <saltus/kernels/loss/rows.h>

namespace saltus::kernels {
namespace {

/// The mean of a formula over the outputs.
struct FormulaTerms {
  static constexpr Reduction kReduction = Reduction::mean;
  int number = 0;

  SALTUS_HD double term(const LossOutput& out) const {
    return formula::loss_term(number, out.p, out.t).value;
  }
  SALTUS_HD double slope(const LossOutput& out) const {
    return formula::loss_term(number, out.p, out.t).slope;
  }
};

}  // namespace

__global__ void __launch_bounds__(kWarpLanes)
    formula_rows_kernel(EvaluateLoss step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int row = static_cast<int>(blockIdx.x);
  if (trials.active(trial) && row < trials.rows())
    evaluate_row(FormulaTerms{step.formula}, step, trials, trial, row);
}

__global__ void __launch_bounds__(kWarpLanes)
    formula_metrics_kernel(EvaluateLoss step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int row_number = static_cast<int>(blockIdx.x);
  if (!trials.active(trial) || row_number >= trials.rows()) return;
  const Row row(step, trials, trial, row_number);
  // Whatever the loss is, outputs are those of a formula's: p behind a Softmax, else x.
  const RowLoss loss(FormulaTerms{}, step, row, trials.rows());
  for (int i = 0; i < step.metrics.count; ++i) {
    double sum = 0;
    for_outputs<kWarpLanes>(step, [&](int j) {
      sum += formula::loss_term(step.metrics.first + i, loss.output(j).p, row.t(j)).value;
    });
    sum = reduce_warp(sum);
    if (threadIdx.x == 0)
      RowRecord::of(step, trial, row_number)[1 + RowRecord::kMetrics + i] = sum / step.outputs;
  }
}

void evaluate_formula_loss(const EvaluateLoss& arguments, const LaunchContext& context) {
  launch_evaluating<formula_rows_kernel>(Grid(context.max_rows, 1, context.trials.count),
                                         dim3(kWarpLanes), 0, context, arguments, context.trials);
}

void evaluate_formula_metrics(const EvaluateLoss& arguments, const LaunchContext& context) {
  launch_evaluating<formula_metrics_kernel>(Grid(context.max_rows, 1, context.trials.count),
                                            dim3(kWarpLanes), 0, context, arguments,
                                            context.trials);
}

}  // namespace saltus::kernels
