#include <fmt/format.h>

#include <saltus/plan.h>

#include "core/boundary.h"
#include "passes/pipelines.h"
#include "plan/plan.h"

namespace saltus {

std::string plan_text(const Graph& graph, const Loss& loss, Precision precision,
                      Device device) try {
  const plan::Plan plan = plan::make_plan(graph, loss, precision);
  std::string text = "as planned\n" + plan::describe(plan.train);
  const passes::Observer add = [&](const passes::Pass& pass, const plan::Program& program) {
    text += fmt::format("\nafter {}\n{}", pass.name, plan::describe(program));
  };
  const Device taken = device == Device::automatic ? usable_device(device) : device;
  if (taken == Device::cuda) {
    passes::cuda_program(plan.train, precision, {.max_rows = passes::kUsualRows}, add);
  } else {
    passes::cpu_program(plan.train, precision, add);
  }
  return text;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
