#include "backend/cuda/compiled.h"

#include <algorithm>

#include "backend/cuda/libraries/multiplier.h"

namespace saltus::cuda {

Compiled::Compiled(const plan::Plan& plan, const Moments& moments, const UpdateChoices& update,
                   std::int64_t max_rows, const Libraries& libraries)
    : schedules_{make_schedule(plan.train), make_schedule(plan.evaluate),
                 make_schedule(plan.predict)} {
  const Multipliers multipliers = load(libraries, plan.precision);
  Demand demand;
  for (std::size_t i = 0; i < schedules_.size(); ++i) {
    launches_[i] = lower(plan, schedules_[i], max_rows, update, constants_, multipliers);
    demand.row_bytes = std::max(demand.row_bytes, schedules_[i].row_bytes);
    for (const Launch& launch : launches_[i]) {
      demand.workspace = std::max(demand.workspace, launch.workspace);
      demand.shared = std::max(demand.shared, launch.shared);
    }
  }
  layout_ = make_layout(plan, moments, demand, max_rows);
}

void Compiled::prepare(ProgramKind kind, const Site& site) const {
  for (const Launch& launch : launches_[place(kind)]) {
    if (launch.prepare) launch.prepare(site);
  }
}

void Compiled::launch(ProgramKind kind, const Site& site) const {
  for (const Launch& launch : launches_[place(kind)]) launch.run(site);
}

}  // namespace saltus::cuda
