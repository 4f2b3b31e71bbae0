#include "passes/passes.h"
#include "passes/readers.h"

namespace saltus::passes {

void fuse_pooled_convolution(plan::Program& program) {
  const std::vector<int> readers = plan::count_readers(program);
  for (std::size_t i = 0; i + 1 < program.steps.size(); ++i) {
    const auto* pool = std::get_if<ops::MaxPoolBackward>(&program.steps[i]);
    const auto* convolution = std::get_if<ops::ConvolutionBackward>(&program.steps[i + 1]);
    if (pool == nullptr || convolution == nullptr || convolution->dy != pool->dx ||
        !is_read_once(readers, pool->dx) || pool->window.strides != pool->window.size) {
      continue;
    }
    program.steps[i] = ops::PooledConvolutionBackward{.x = convolution->x,
                                                      .w = convolution->w,
                                                      .dy = pool->dy,
                                                      .index = pool->index,
                                                      .dx = convolution->dx,
                                                      .dw = convolution->dw,
                                                      .db = convolution->db,
                                                      .window = convolution->window,
                                                      .pool = pool->window};
    program.steps.erase(program.steps.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

}  // namespace saltus::passes
