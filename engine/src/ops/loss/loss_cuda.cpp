#include "ops/loss/loss_cuda.h"

#include "backend/cuda/formulas.h"
#include "ops/loss/loss.h"

namespace saltus::ops {

using namespace cuda;

LossLaunch::LossLaunch(const LaunchBuilder& builder, const Loss& loss, bool softmax,
                       plan::TensorId x, plan::TensorId dx, std::int64_t outputs)
    : tensors_(builder.tensors()),
      listed_(loss.listed()),
      formula_(loss.is_formula() ? builder.formulas().loss() : kernels::EvaluateLoss::kListed),
      metrics_{builder.formulas().first_metric(), builder.formulas().metric_count()},
      softmax_(softmax),
      x_(x),
      dx_(dx),
      outputs_(extent(outputs)),
      max_rows_(builder.max_rows()) {}

kernels::EvaluateLoss LossLaunch::arguments(const StepContext& at) const {
  return {.loss = listed_,
          .formula = formula_,
          .metrics = metrics_,
          .softmax = softmax_,
          .outputs = outputs_,
          .x = tensors_.in(at, x_),
          .dx = tensors_.out(at, dx_),
          .targets = at.data.targets,
          .weights = at.data.weights,
          .order = {static_cast<std::uint32_t>(at.data.count), at.shuffled},
          .sums = at.sums,
          .workspace = cuda::workspace<double>(at)};
}

std::int64_t LossLaunch::workspace() const {
  return kernels::loss_workspace(max_rows_, metrics_.count) * std::int64_t{sizeof(double)};
}

Launch EvaluateLoss::launch(LaunchBuilder& builder) const {
  const LossLaunch evaluate(builder, loss, softmax, x, dx, outputs);
  return {[evaluate](const StepContext& at) {
            kernels::evaluate_loss(evaluate.arguments(at), at.context);
          },
          evaluate.workspace()};
}

}  // namespace saltus::ops
