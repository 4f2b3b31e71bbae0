#include "plan/lifetime.h"

namespace saltus::plan {

std::vector<Lifetime> lifetimes(const Program& program) {
  std::vector<Lifetime> lives(program.tensors.size());
  std::size_t segment = 0;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    while (segment < program.segments.size() && program.segments[segment].last <= i) ++segment;
    const bool sliced = segment < program.segments.size() && program.segments[segment].sliced;
    for_each_tensor(program.steps[i], [&](TensorId id, ops::Use) {
      Lifetime& life = lives[static_cast<std::size_t>(id)];
      if (!has_rows(program.tensor(id))) return;
      if (program.tensor(id).home == Home::batch && sliced) {
        life.include(static_cast<int>(program.segments[segment].first));
        life.include(static_cast<int>(program.segments[segment].last) - 1);
      } else {
        life.include(static_cast<int>(i));
      }
    });
  }
  if (program.output != kNone) {
    lives[static_cast<std::size_t>(program.output)].include(static_cast<int>(program.steps.size()));
  }
  return lives;
}

}  // namespace saltus::plan
