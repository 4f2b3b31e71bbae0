// Programs that train the units of a sweep side by side.
#pragma once

#include <functional>
#include <vector>

#include <saltus/sweep.h>

#include "unit_program.h"
#include "unit_queue.h"

namespace saltus::app {

struct CrewRules {
  /// A program that is killed or fails is started again, until it was started so often.
  int most_starts = 1;
  /// Called when all units of a round are trained. An exit code, 0 to go on.
  std::function<int()> on_round_end = {};
};

/// Gives each program the next unit when it has room, round by round, and shows how far they are. A
/// unit whose program fails goes to whoever is free next. A program whose device has no room for
/// one trial is not started again; the others go on without it. Returns the exit code.
int train_units(const SweepPlan& plan, UnitQueue& queue, std::vector<UnitProgram> programs,
                const CrewRules& rules);

}  // namespace saltus::app
