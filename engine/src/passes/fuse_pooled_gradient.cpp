#include "passes/passes.h"
#include "passes/readers.h"

namespace saltus::passes {
namespace {

/// Every pixel is in one window.
bool tiles_image(const plan::Window& window) {
  const auto tiles = [](std::int64_t image, std::int64_t output, std::int64_t size,
                        std::int64_t stride) { return stride == size && output * size == image; };
  return tiles(window.image.height, window.output.height, window.size.height,
               window.strides.height) &&
         tiles(window.image.width, window.output.width, window.size.width, window.strides.width);
}

/// The pool's gradient with the steps before place `last` that are elementwise: the activation's,
/// then the dropout's. Returns the first that it takes.
std::size_t take_chain(const plan::Program& program, std::size_t last, ops::PooledGradient& chain) {
  const std::vector<int> readers = plan::count_readers(program);
  std::size_t first = last;
  const auto before = [&]<class S>() -> const S* {
    if (first == 0 || !is_read_once(readers, chain.dy.id)) return nullptr;
    const auto* step = std::get_if<S>(&program.steps[first - 1]);
    return step != nullptr && step->dx == chain.dy ? step : nullptr;
  };
  if (const auto* activate = before.template operator()<ops::ActivateBackward>()) {
    chain.slope = activate->slope;
    chain.dy = activate->dy;
    --first;
  }
  if (const auto* drop = before.template operator()<ops::DropBackward>()) {
    chain.drop_slot = drop->slot;
    chain.dy = drop->dy;
    --first;
  }
  return first;
}

}  // namespace

void fuse_pooled_gradient(plan::Program& program) {
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    const auto* pool = std::get_if<ops::MaxPoolBackward>(&program.steps[i]);
    if (pool == nullptr || !tiles_image(pool->window)) continue;
    ops::PooledGradient chain{.dy = pool->dy,
                              .slope = {},
                              .index = pool->index,
                              .dx = pool->dx,
                              .drop_slot = ops::PooledGradient::kNoDrop,
                              .window = pool->window};
    const std::size_t first = take_chain(program, i, chain);
    if (first == i) continue;
    program.steps[first] = chain;
    const auto begin = program.steps.begin();
    program.steps.erase(begin + static_cast<std::ptrdiff_t>(first) + 1,
                        begin + static_cast<std::ptrdiff_t>(i) + 1);
    i = first;
  }
}

}  // namespace saltus::passes
