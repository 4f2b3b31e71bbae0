// A residual connection's sum. A thread takes four consecutive elements, in one access where the
// arrays' places allow it. Moves 3 n elements for n additions: the memory's speed is its own.
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/elementwise/sum.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) sum_kernel(Sum step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * step.size;
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= count) return;
  Quad y = fetch_some(step.a, trial, first, count, quads);
  const Quad b = fetch_some(step.b, trial, first, count, quads);
  for (int j = 0; j < 4; ++j) y.values[j] += b.values[j];
  store_some(y, step.y, trial, first, count, quads);
}

}  // namespace

void sum(const Sum& arguments, const Stage& stage) {
  const bool quads = has_quads(arguments.a) && has_quads(arguments.b) && has_quads(arguments.y);
  launch<sum_kernel>(quad_grid(arguments.size, kThreads, stage), dim3(kThreads), 0, stage.stream,
                     arguments, stage.trials, quads);
}

}  // namespace saltus::kernels
