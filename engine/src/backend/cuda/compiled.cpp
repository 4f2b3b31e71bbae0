#include "backend/cuda/compiled.h"

#include <algorithm>

#include "backend/cuda/architecture.h"
#include "backend/cuda/errors.h"
#include "backend/cuda/launch_builder.h"
#include "backend/cuda/libraries/multiplier.h"
#include "passes/pipelines.h"

namespace saltus::cuda {
namespace {

/// Where a library convolves, no kernel of ours does; where it multiplies, none makes gradients as
/// the library would. A clip by a norm has to know all of a gradient before anything changes.
passes::CudaLimits limits_of(const Libraries& libraries, const UpdateChoices& update,
                             std::int64_t max_rows) {
  const bool makes_gradients = libraries.gemm == Gemm::saltus && !update.clips_by_norm;
  return {.shared_bytes = libraries.conv == Conv::saltus ? shared_bytes_of_block() : 0,
          .max_rows = makes_gradients ? max_rows : 0};
}

/// The programs of a plan, by mode.
std::array<plan::Program, 3> programs_of(const plan::Plan& plan, const passes::CudaLimits& limits) {
  const auto made = [&](const plan::Program& program) {
    return passes::cuda_program(program, plan.precision, limits);
  };
  return {made(plan.train), made(plan.evaluate), made(plan.predict)};
}

}  // namespace

Compiled::Compiled(const plan::Plan& plan, int moments, const UpdateChoices& update,
                   std::int64_t max_rows, const Libraries& libraries, const Formulas& formulas)
    : programs_(programs_of(plan, limits_of(libraries, update, max_rows))) {
  const Multipliers multipliers = guarded([&] { return load(libraries, plan.precision); });
  Demand demand;
  for (std::size_t i = 0; i < programs_.size(); ++i) {
    launches_[i] = guarded([&] {
      return LaunchBuilder(plan, programs_[i], max_rows, update, constants_, multipliers, formulas)
          .build();
    });
    demand.row_bytes = std::max(demand.row_bytes, programs_[i].batch_bytes);
    for (const Launch& launch : launches_[i]) {
      demand.workspace = std::max(demand.workspace, launch.workspace);
      demand.shared = std::max(demand.shared, launch.shared);
    }
  }
  layout_ = make_layout(plan, moments, update.averages, demand, max_rows);
  evaluated_ = layout_.evaluated();
}

void Compiled::prepare(plan::Mode mode, const StepContext& site) const {
  guarded([&] {
    for (const Launch& launch : launches_[place(mode)]) {
      if (launch.prepare) launch.prepare(site);
    }
  });
}

void Compiled::launch(plan::Mode mode, const StepContext& site) const {
  guarded([&] {
    for (const Launch& launch : launches_[place(mode)]) launch.run(site);
  });
}

void Compiled::finish(plan::Mode mode, const StepContext& site) const {
  guarded([&] {
    for (const Launch& launch : launches_[place(mode)]) {
      if (launch.finish) launch.finish(site);
    }
  });
}

}  // namespace saltus::cuda
