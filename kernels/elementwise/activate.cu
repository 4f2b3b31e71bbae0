// Activations, element by element. A thread takes four consecutive elements, in one access where
// the arrays' places allow it. All threads of a block take the same case of the dispatch, whose
// code stands around the four elements, not inside; they lie in shared memory meanwhile, as
// registers cannot be indexed. Reads x, writes y and the slope: 12 bytes an element, or 8; backward
// reads two and writes one. Most activations cost less time than their memory.
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/elementwise/activate.h>
#include <saltus/kernels/elementwise/evaluate.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

}  // namespace

__global__ void __launch_bounds__(kThreads)
    activate_kernel(Activate step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * step.size;
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= count) return;

  SALTUS_SHARED(float, values, [4][kThreads]);
  SALTUS_SHARED(float, slopes, [4][kThreads]);
  const Quad x = fetch_some(step.x, trial, first, count, quads);
  int channel = place_on_axis(first, step.channels);
  for (int j = 0; j < 4; ++j) {
    values[j][threadIdx.x] = step.bias ? x.values[j] + step.bias[trial][channel] : x.values[j];
    channel = channel + 1 == step.channels ? 0 : channel + 1;
  }
  if (step.slot != Activate::kIdentity)
    evaluate(trials.activation(trial, step.slot),
             {&values[0][threadIdx.x], kThreads, step.slope ? &slopes[0][threadIdx.x] : nullptr,
              kThreads, 4});
  const auto own = [](const float(&array)[4][kThreads]) {
    const auto i = threadIdx.x;
    return Quad{array[0][i], array[1][i], array[2][i], array[3][i]};
  };
  store_some(own(values), step.y, trial, first, count, quads);
  if (step.slope) store_some(own(slopes), step.slope, trial, first, count, quads);
}

namespace {

__global__ void __launch_bounds__(kThreads)
    activate_backward_kernel(ActivateBackward step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * step.size;
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= count) return;
  Quad dx = fetch_some(step.dy, trial, first, count, quads);
  const Quad slope = fetch_some(step.slope, trial, first, count, quads);
  for (int j = 0; j < 4; ++j) dx.values[j] *= slope.values[j];
  store_some(dx, step.dx, trial, first, count, quads);
}

}  // namespace

void activate(const Activate& arguments, const LaunchContext& context) {
  const bool quads = has_quads(arguments.x) && has_quads(arguments.y) && has_quads(arguments.slope);
  launch_evaluating<activate_kernel>(quad_grid(arguments.size, kThreads, context), dim3(kThreads),
                                     0, context, arguments, context.trials, quads);
}

void activate_backward(const ActivateBackward& arguments, const LaunchContext& context) {
  const bool quads =
      has_quads(arguments.dy) && has_quads(arguments.slope) && has_quads(arguments.dx);
  launch<activate_backward_kernel>(quad_grid(arguments.size, kThreads, context), dim3(kThreads), 0,
                                   context.stream, arguments, context.trials, quads);
}

}  // namespace saltus::kernels
