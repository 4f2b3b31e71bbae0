#include "passes/convolutions.h"
#include "passes/passes.h"
#include "passes/readers.h"

namespace saltus::passes {
namespace {

/// Whether nothing but the four steps knows of what lies between them.
bool is_chain(const std::vector<int>& readers, const ops::Convolution& first,
              const ops::Activate& activate, const ops::Convolution& second,
              const ops::ActivatePool& pool) {
  const bool keeps_slope =
      activate.slope != plan::kNone && readers[static_cast<std::size_t>(activate.slope.id)] > 0;
  return activate.x == first.y && second.x == activate.y && pool.x == second.y && !keeps_slope &&
         is_read_once(readers, first.y) && is_read_once(readers, activate.y) &&
         is_read_once(readers, second.y);
}

/// Windows of that size inside of the image, side by side for a step as large.
bool has_windows(const plan::Window& window, std::int64_t size, std::int64_t stride) {
  const Size2 none = {0, 0};
  return window.size == Size2{size, size} && window.strides == Size2{stride, stride} &&
         window.padding_before == none && window.padding_after == none;
}

/// The dropout at that place of the program, where it alone reads what is pooled.
const ops::Drop* drop_of(const plan::Program& program, std::size_t place,
                         const std::vector<int>& readers, const ops::ActivatePool& pool) {
  if (place >= program.steps.size() || !is_read_once(readers, pool.y)) return nullptr;
  const auto* drop = std::get_if<ops::Drop>(&program.steps[place]);
  return drop != nullptr && drop->x == pool.y ? drop : nullptr;
}

}  // namespace

std::optional<kernels::ConvolutionsPoolSizes> sizes_of_block(const plan::Window& first,
                                                             const plan::Window& second,
                                                             const plan::Window& pool) {
  constexpr std::int64_t kMost = 1 << 20;  // far more than fits, and an int
  if (first.channels_in != 1 || !has_windows(first, 3, 1) || !has_windows(second, 3, 1) ||
      !has_windows(pool, 2, 2) || first.image.height > kMost || first.image.width > kMost ||
      first.channels_out > kMost || second.channels_out > kMost) {
    return std::nullopt;
  }
  return ops::sizes_of(first, second);
}

void fuse_convolutions(plan::Program& program, Precision precision, std::int64_t shared_bytes) {
  const int element_bytes = element_bytes_of(precision);
  const std::vector<int> readers = plan::count_readers(program);
  for (std::size_t i = 0; i + 3 < program.steps.size(); ++i) {
    const auto* first = std::get_if<ops::Convolution>(&program.steps[i]);
    const auto* activate = std::get_if<ops::Activate>(&program.steps[i + 1]);
    const auto* second = std::get_if<ops::Convolution>(&program.steps[i + 2]);
    const auto* pool = std::get_if<ops::ActivatePool>(&program.steps[i + 3]);
    if (first == nullptr || activate == nullptr || second == nullptr || pool == nullptr ||
        !is_chain(readers, *first, *activate, *second, *pool)) {
      continue;
    }
    const auto sizes = sizes_of_block(first->window, second->window, pool->window);
    if (!sizes || !kernels::has_convolutions_pool(*sizes, element_bytes, shared_bytes)) continue;
    const ops::Drop* drop = drop_of(program, i + 4, readers, *pool);
    program.steps[i] = ops::ConvolutionsPool{
        .x = first->x,
        .first_w = first->w,
        .first_b = first->b,
        .second_w = second->w,
        .second_b = second->b,
        .y = drop != nullptr ? drop->y : pool->y,
        .slope = pool->slope,
        .index = pool->index,
        .first_slot = activate->slot,
        .second_slot = pool->slot,
        .drop_slot = drop != nullptr ? drop->slot : ops::PooledGradient::kNoDrop,
        .first = first->window,
        .second = second->window};
    const auto behind = program.steps.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    program.steps.erase(behind, behind + (drop != nullptr ? 4 : 3));
  }
}

}  // namespace saltus::passes
