#include <optional>

#include "passes/passes.h"
#include "passes/readers.h"

namespace saltus::passes {
namespace {

/// Products of such numbers of outputs never go to tensor cores, so that the bits stay as they are.
bool fits(const ops::Gemm& gemm, const ops::EvaluateLoss& evaluate) {
  return gemm.rows == 1 && gemm.y == evaluate.x && gemm.out % 4 != 0 &&
         gemm.out <= ops::Head::kMostOutputs && gemm.in <= ops::Head::kMostInputs &&
         evaluate.loss.is_listed();
}

/// The step at a place, if it is an S.
template <class S>
const S* step_at(const plan::Program& program, std::size_t place) {
  return place < program.steps.size() ? std::get_if<S>(&program.steps[place]) : nullptr;
}

class Fusion {
 public:
  Fusion(plan::Program& program, std::size_t place) : program_(program), place_(place) {}

  void run() {
    const auto* gemm = step_at<ops::Gemm>(program_, place_);
    const auto* evaluate = step_at<ops::EvaluateLoss>(program_, place_ + 1);
    if (gemm == nullptr || evaluate == nullptr || !fits(*gemm, *evaluate)) return;
    ops::Head head{.x = gemm->x,
                   .w = gemm->w,
                   .b = gemm->b,
                   .y = gemm->y,
                   .dy = evaluate->dx,
                   .dx = {},
                   .slope = {},
                   .in = gemm->in,
                   .out = gemm->out,
                   .drop_slot = ops::Head::kNoDrop,
                   .loss = evaluate->loss,
                   .softmax = evaluate->softmax};
    std::size_t taken = 2;
    std::optional<ops::GemmBackward> weights;
    if (const auto* backward = step_at<ops::GemmBackward>(program_, place_ + 2);
        backward != nullptr && backward->dy == head.dy) {
      weights = *backward;
      head.dx = weights->dx;
      weights->dx = {};
      taken = 3 + take_elementwise(head);
    }
    const auto first = program_.steps.begin() + static_cast<std::ptrdiff_t>(place_);
    program_.steps.erase(first + 1, first + static_cast<std::ptrdiff_t>(taken));
    program_.steps[place_] = head;
    if (weights)
      program_.steps.insert(program_.steps.begin() + static_cast<std::ptrdiff_t>(place_) + 1,
                            *weights);
  }

 private:
  /// Takes what follows the product's gradient, and returns how many steps that are.
  std::size_t take_elementwise(ops::Head& head) const {
    std::size_t taken = 0;
    const std::vector<int> readers = plan::count_readers(program_);
    const auto is_ours = [&] {
      return head.dx != plan::kNone && is_read_once(readers, head.dx.id);
    };
    if (const auto* drop = step_at<ops::DropBackward>(program_, place_ + 3);
        drop != nullptr && drop->dy == head.dx && is_ours()) {
      head.drop_slot = drop->slot;
      head.dx = drop->dx;
      ++taken;
    }
    if (const auto* activate = step_at<ops::ActivateBackward>(program_, place_ + 3 + taken);
        activate != nullptr && activate->dy == head.dx && is_ours()) {
      head.slope = activate->slope;
      head.dx = activate->dx;
      ++taken;
    }
    return taken;
  }

  plan::Program& program_;
  std::size_t place_;
};

}  // namespace

void fuse_head(plan::Program& program) {
  for (std::size_t i = 0; i + 1 < program.steps.size(); ++i) Fusion(program, i).run();
}

}  // namespace saltus::passes
