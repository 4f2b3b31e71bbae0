// Each backend's list of passes.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include <saltus/precision.h>

#include "plan/program.h"

namespace saltus::passes {

struct Pass {
  std::string_view name;
  void (*run)(plan::Program&);
};

/// In their order.
std::vector<Pass> cpu_passes(Precision precision);
std::vector<Pass> cuda_passes(Precision precision);

/// Told of the program behind each pass.
using Observer = std::function<void(const Pass&, const plan::Program&)>;

/// A program of a plan as the backend compiles it: all passes run, and verified.
plan::Program cpu_program(plan::Program program, Precision precision,
                          const Observer& observer = {});
plan::Program cuda_program(plan::Program program, Precision precision,
                           const Observer& observer = {});

}  // namespace saltus::passes
