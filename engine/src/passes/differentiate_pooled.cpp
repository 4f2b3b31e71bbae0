#include "passes/passes.h"

namespace saltus::passes {

void differentiate_pooled(plan::Program& program) {
  for (std::size_t i = 0; i + 1 < program.steps.size(); ++i) {
    const auto* pool = std::get_if<ops::MaxPoolBackward>(&program.steps[i]);
    const auto* activate = std::get_if<ops::ActivateLearnedBackward>(&program.steps[i + 1]);
    if (pool == nullptr || activate == nullptr || activate->dy != pool->dx ||
        plan::count_readers(program)[static_cast<std::size_t>(pool->dx.id)] != 1) {
      continue;
    }
    const Shape pooled = program.tensor(pool->dy).shape;
    const std::string name = program.tensor(activate->x).name + "/pooled";
    ops::ActivateLearnedBackward first = *activate;
    ops::MaxPoolBackward second = *pool;
    const ops::GatherPooled gather{first.x, second.index, program.add_tensor(name, pooled),
                                   second.window};
    first.x = gather.y;
    first.dy = second.dy;
    second.dx = first.dx;
    const bool goes_on = second.dx != plan::kNone;
    if (goes_on) first.dx = second.dy = program.add_tensor("d " + name, pooled);
    program.steps[i] = gather;
    program.steps[i + 1] = first;
    if (goes_on)
      program.steps.insert(program.steps.begin() + static_cast<std::ptrdiff_t>(i) + 2, second);
  }
}

}  // namespace saltus::passes
