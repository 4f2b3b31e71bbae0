// Fills and casts. A thread takes four consecutive elements, in one access where the arrays' places
// allow it: 4 bytes an element to fill, 6 to cast.
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/elementwise/fill.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

__global__ void __launch_bounds__(kThreads) fill_kernel(Fill step, bool quads) {
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= step.size) return;
  store_some({step.value, step.value, step.value, step.value}, step.y, static_cast<int>(blockIdx.z),
             first, step.size, quads);
}

__global__ void __launch_bounds__(kThreads) cast_kernel(Cast step, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= step.size) return;
  store_some(fetch_some(step.x, trial, first, step.size, quads), step.y, trial, first, step.size,
             quads);
}

Grid grid_of(std::int64_t size, const LaunchContext& context) {
  return {blocks_for(size, 4 * kThreads), 1, context.trials.count};
}

}  // namespace

void fill(const Fill& arguments, const LaunchContext& context) {
  launch<fill_kernel>(grid_of(arguments.size, context), dim3(kThreads), 0, context.stream,
                      arguments, has_quads(arguments.y));
}

void cast(const Cast& arguments, const LaunchContext& context) {
  launch<cast_kernel>(grid_of(arguments.size, context), dim3(kThreads), 0, context.stream,
                      arguments, has_quads(arguments.x) && has_quads(arguments.y));
}

}  // namespace saltus::kernels
