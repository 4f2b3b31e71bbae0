// The head of a network. A block takes a row: its threads bring x to shared memory, one for each
// output adds up a product, the first warp evaluates the loss, and a thread for each input makes
// dx. In between lie barriers, and the few numbers of a row go through memory as they would between
// launches, so that each is rounded to what it is stored as. What counts is how long a row takes
// from end to end: the loss, a chain in double, is most of it, and all rows go through it at once.
//
// These are the sums of matrix/simt.h, in the same order, and the masks of elementwise/drop.cu: to
// use this kernel in place of those changes no bit.
#include <saltus/kernels/elementwise/drop_rule.h>
#include <saltus/kernels/head/head.h>
#include <saltus/kernels/loss/rows.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 128;

template <class L>
__global__ void __launch_bounds__(kThreads) head_kernel(L formula, Head step, Trials trials) {
  SALTUS_SHARED(float, x, [Head::kMostInputs]);
  const int trial = static_cast<int>(blockIdx.z);
  const int row = static_cast<int>(blockIdx.x);
  if (!trials.active(trial) || row >= trials.rows()) return;
  const int thread = static_cast<int>(threadIdx.x);
  const int outputs = step.loss.outputs;
  const std::int64_t first_input = std::int64_t{row} * step.inputs;
  const std::int64_t first_output = std::int64_t{row} * outputs;

  for (int i = thread; i < step.inputs; i += kThreads) x[i] = step.x.load(trial, first_input + i);
  __syncthreads();
  if (thread < outputs) {
    float sum = 0;
#pragma unroll 8
    for (int i = 0; i < step.inputs; ++i)
      sum = fmaf(x[i], step.w.load(trial, std::int64_t{i} * outputs + thread), sum);
    step.y.save(step.bias ? sum + step.bias[trial][thread] : sum, trial, first_output + thread);
  }
  __syncthreads();
  if (thread < kWarpLanes) evaluate_row(formula, step.loss, trials, trial, row);
  if (!step.dx) return;
  __syncthreads();

  SALTUS_SHARED(float, dy, [Head::kMostOutputs]);
  if (thread < outputs) dy[thread] = step.dy.load(trial, first_output + thread);
  __syncthreads();
  for (int i = thread; i < step.inputs; i += kThreads) {
    float dx = 0;
    for (int j = 0; j < outputs; ++j)
      dx = fmaf(dy[j], step.w.load(trial, std::int64_t{i} * outputs + j), dx);
    if (step.drop_slot != Head::kNoDrop) {
      const std::int64_t element = first_input + i;
      const DropoutRule& rule = trials.dropout(trial, step.drop_slot);
      const Words4 words = mask_words(trials.states[trial], step.drop_slot, element / kMaskBlock);
      dx = dropped_gradient(rule, dx, is_kept(rule, words, static_cast<int>(element % kMaskBlock)));
    }
    if (step.slope) dx *= step.slope[trial][first_input + i];
    step.dx.save(dx, trial, first_input + i);
  }
}

}  // namespace

void head(const Head& arguments, const LaunchContext& context) {
  std::visit(
      [&](const auto& loss) {
        const auto formula = formula_of(loss);
        launch<head_kernel<std::remove_const_t<decltype(formula)>>>(
            Grid(context.max_rows, 1, context.trials.count), dim3(kThreads), 0, context.stream,
            formula, arguments, context.trials);
      },
      arguments.loss.loss);
  add_rows(arguments.loss, context);
}

}  // namespace saltus::kernels
