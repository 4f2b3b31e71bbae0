#include "passes/convolutions.h"
#include "passes/passes.h"
#include "passes/readers.h"

namespace saltus::passes {
namespace {

/// The steps that become one.
struct Chain {
  const ops::PooledGradient* pool;
  const ops::ConvolutionActivate* again;
  const ops::ConvolutionBackward* second;
  const ops::ActivateBackward* activate;
  const ops::ConvolutionBackward* first;

  Chain(const plan::Program& program, std::size_t place)
      : pool(std::get_if<ops::PooledGradient>(&program.steps[place])),
        again(std::get_if<ops::ConvolutionActivate>(&program.steps[place + 1])),
        second(std::get_if<ops::ConvolutionBackward>(&program.steps[place + 2])),
        activate(std::get_if<ops::ActivateBackward>(&program.steps[place + 3])),
        first(std::get_if<ops::ConvolutionBackward>(&program.steps[place + 4])) {}

  [[nodiscard]] bool is_whole() const {
    return pool != nullptr && again != nullptr && second != nullptr && activate != nullptr &&
           first != nullptr && second->dy == pool->dx && second->x == again->y &&
           activate->dy == second->dx && activate->slope == again->slope &&
           first->dy == activate->dx && first->x == again->x && first->w == again->w &&
           first->dx == plan::kNone;
  }

  /// Whether nobody else knows of what lies between them.
  [[nodiscard]] bool is_closed(const std::vector<int>& readers) const {
    for (const plan::TensorId id :
         {plan::TensorId{pool->dx}, plan::TensorId{again->y}, plan::TensorId{again->slope},
          plan::TensorId{second->dx}, plan::TensorId{activate->dx}}) {
      if (!is_read_once(readers, id)) return false;
    }
    return true;
  }
};

}  // namespace

void fuse_convolutions_gradient(plan::Program& program, Precision precision,
                                std::int64_t shared_bytes) {
  constexpr std::size_t kSteps = 5;
  const std::vector<int> readers = plan::count_readers(program);
  for (std::size_t i = 0; i + kSteps <= program.steps.size(); ++i) {
    const Chain chain(program, i);
    if (!chain.is_whole() || !chain.is_closed(readers)) continue;
    const auto sizes =
        sizes_of_block(chain.first->window, chain.second->window, chain.pool->window);
    if (!sizes || !kernels::has_convolutions_pool_backward(*sizes, element_bytes_of(precision),
                                                           shared_bytes)) {
      continue;
    }
    program.steps[i] = ops::ConvolutionsPoolBackward{.x = chain.first->x,
                                                     .first_w = chain.again->w,
                                                     .first_b = chain.again->b,
                                                     .second_w = chain.second->w,
                                                     .dy = chain.pool->dy,
                                                     .slope = chain.pool->slope,
                                                     .index = chain.pool->index,
                                                     .first_dw = chain.first->dw,
                                                     .first_db = chain.first->db,
                                                     .second_dw = chain.second->dw,
                                                     .second_db = chain.second->db,
                                                     .first_slot = chain.again->slot,
                                                     .drop_slot = chain.pool->drop_slot,
                                                     .sizes = *sizes};
    const auto behind = program.steps.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    program.steps.erase(behind, behind + kSteps - 1);
  }
}

}  // namespace saltus::passes
