#include "backend/cuda/compiled.h"

#include <algorithm>

#include "backend/cuda/errors.h"
#include "backend/cuda/launch_builder.h"
#include "backend/cuda/libraries/multiplier.h"
#include "passes/pipelines.h"

namespace saltus::cuda {

Compiled::Compiled(const plan::Plan& plan, int moments, const UpdateChoices& update,
                   std::int64_t max_rows, const Libraries& libraries, const Formulas& formulas)
    : programs_{passes::cuda_program(plan.train, plan.precision),
                passes::cuda_program(plan.evaluate, plan.precision),
                passes::cuda_program(plan.predict, plan.precision)} {
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

}  // namespace saltus::cuda
