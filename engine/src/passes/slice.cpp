#include "passes/passes.h"
#include "plan/lifetime.h"

namespace saltus::passes {
namespace {

bool is_sliced(const plan::Step& step) {
  return std::visit([]<class S>(const S&) { return ops::is_sliced<S>(); }, step);
}

}  // namespace

void slice(plan::Program& program) {
  std::vector<plan::Segment>& segments = program.segments;
  std::vector<plan::Lifetime> lives(program.tensors.size());  // in segments
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const bool sliced = is_sliced(program.steps[i]);
    if (segments.empty() || segments.back().sliced != sliced) segments.push_back({sliced, i, i});
    segments.back().last = i + 1;
    plan::for_each_tensor(program.steps[i], [&](plan::TensorId id, ops::Use) {
      lives[static_cast<std::size_t>(id)].include(static_cast<int>(segments.size()) - 1);
    });
  }
  for (std::size_t i = 0; i < lives.size(); ++i) {
    plan::Tensor& tensor = program.tensors[i];
    const bool inside = lives[i].lives() && lives[i].first == lives[i].last &&
                        segments[static_cast<std::size_t>(lives[i].first)].sliced;
    if (tensor.home == plan::Home::batch && inside &&
        static_cast<plan::TensorId>(i) != program.output) {
      tensor.home = plan::Home::slice;
    }
  }
}

}  // namespace saltus::passes
