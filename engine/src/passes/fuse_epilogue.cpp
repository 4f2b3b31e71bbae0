#include <optional>

#include "passes/passes.h"
#include "passes/readers.h"

namespace saltus::passes {
namespace {

/// The step that does both, where there is one.
std::optional<plan::Step> with_epilogue(const plan::Step& product, const ops::Activate& activate) {
  if (const auto* s = std::get_if<ops::Convolution>(&product); s && s->y == activate.x) {
    return ops::ConvolutionActivate{.x = s->x,
                                    .w = s->w,
                                    .b = s->b,
                                    .y = activate.y,
                                    .slope = activate.slope,
                                    .slot = activate.slot,
                                    .window = s->window};
  }
  if (const auto* s = std::get_if<ops::Gemm>(&product); s && s->y == activate.x) {
    return ops::GemmActivate{.x = s->x,
                             .w = s->w,
                             .b = s->b,
                             .y = activate.y,
                             .slope = activate.slope,
                             .slot = activate.slot,
                             .rows = s->rows,
                             .in = s->in,
                             .out = s->out};
  }
  return std::nullopt;
}

}  // namespace

void fuse_epilogue(plan::Program& program) {
  const std::vector<int> readers = plan::count_readers(program);
  for (std::size_t i = 0; i + 1 < program.steps.size(); ++i) {
    const auto* activate = std::get_if<ops::Activate>(&program.steps[i + 1]);
    if (activate == nullptr || !is_read_once(readers, activate->x.id)) continue;
    std::optional<plan::Step> both = with_epilogue(program.steps[i], *activate);
    if (!both) continue;
    program.steps[i] = *std::move(both);
    program.steps.erase(program.steps.begin() + static_cast<std::ptrdiff_t>(i) + 1);
  }
}

}  // namespace saltus::passes
