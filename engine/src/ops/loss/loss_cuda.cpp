#include <saltus/kernels/loss/loss.h>

#include "backend/cuda/launch_builder.h"
#include "ops/loss/loss.h"

namespace saltus::ops {

using namespace cuda;

Launch EvaluateLoss::launch(LaunchBuilder& builder) const {
  return {[s = *this, t = builder.tensors(), count = extent(outputs)](const StepContext& at) {
            const auto samples = static_cast<std::uint32_t>(at.data.count);
            kernels::evaluate_loss({s.loss.listed(),
                                    s.softmax,
                                    count,
                                    t.in(at, s.x),
                                    t.out(at, s.dx),
                                    at.data.targets,
                                    at.data.weights,
                                    {samples, at.shuffled},
                                    at.sums,
                                    workspace<double>(at)},
                                   at.context);
          },
          kernels::loss_workspace(builder.max_rows()) * std::int64_t{sizeof(double)}};
}

}  // namespace saltus::ops
