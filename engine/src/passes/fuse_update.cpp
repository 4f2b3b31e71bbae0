#include <utility>

#include <saltus/kernels/convolution/problems.h>
#include <saltus/kernels/update/gemm_update.h>

#include "passes/passes.h"

namespace saltus::passes {
namespace {

/// Elements of a gradient from which on it is worth two launches of its own: 1 MiB.
constexpr std::int64_t kLeast = 1 << 18;

/// Whether the gradient of a layer's weights is large, is made in one sum, and is not small beside
/// x, which is read once more. (Batches that evaluate may be larger than those that train, and
/// count here, too.)
bool fits(const ops::GemmBackward& gemm, std::int64_t max_rows) {
  constexpr std::int64_t kMost = 1 << 24;  // of inputs and outputs: an int counts products of rows
  const std::int64_t rows = gemm.rows * max_rows;
  if (gemm.dw == plan::kNone || gemm.in % 8 != 0 || gemm.out % 8 != 0 || gemm.in > kMost ||
      gemm.out > kMost || gemm.in * gemm.out < kLeast || rows > 8 * gemm.out ||
      rows > kernels::kMostGradientRows) {
    return false;
  }
  const kernels::Window window = kernels::product_window(
      static_cast<int>(gemm.rows), static_cast<int>(gemm.in), static_cast<int>(gemm.out));
  return kernels::backward_filter_split_k(window).count(static_cast<int>(rows)) == 1;
}

}  // namespace

void fuse_update(plan::Program& program, std::int64_t max_rows) {
  auto* update = program.steps.empty() ? nullptr : std::get_if<ops::Update>(&program.steps.back());
  if (update == nullptr || max_rows == 0) return;
  for (plan::Step& step : program.steps) {
    auto* const gemm = std::get_if<ops::GemmBackward>(&step);
    if (gemm == nullptr || !fits(*gemm, max_rows)) continue;
    update->x.push_back(gemm->x);
    update->dy.push_back(gemm->dy);
    update->dw.push_back(std::exchange(gemm->dw, {}));
    update->db.push_back(std::exchange(gemm->db, {}));
  }
  std::erase_if(program.steps, [](const plan::Step& step) {
    const auto* const gemm = std::get_if<ops::GemmBackward>(&step);
    return gemm != nullptr && gemm->dx == plan::kNone && gemm->dw == plan::kNone;
  });
}

}  // namespace saltus::passes
