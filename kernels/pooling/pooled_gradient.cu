// The gradient of a max-pool and of what follows it. A thread takes four channels of an output
// pixel: it makes their gradient once, and stores it at one position of their window and zeros at
// the others. Where every step is a launch of its own, a gradient is stored and read twice on its
// way: of 41 bytes for an element of dy, 25 are left (2 x 2, floats). Bound by memory.
#include <saltus/kernels/pooling/pooled_quad.h>
#include <saltus/kernels/pooling/pooling.h>
#include <saltus/kernels/pooling/windows.h>

namespace saltus::kernels {
namespace {

using namespace pooling;

__global__ void __launch_bounds__(kThreads)
    pooled_gradient_kernel(PooledGradient step, Dealing outputs, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place output;
  if (!trials.active(trial) || !outputs.find(trials.rows(), output)) return;
  const Window& w = step.window;
  const std::int64_t first = output.element;
  const std::int64_t end = first + outputs.width();
  const Quad gradient = pooled_quad(step, trials, trial, first, end, outputs.quads());
  const std::uint8_t* const index = step.index[trial] + first;
  const ByteQuad places = outputs.quads() ? fetch_bytes(index) : ByteQuad{{fetch(index)}};

  const std::int64_t image = output.row * elements_of(w.image, w.channels_in) + output.channel;
  for (int tap = 0; tap < w.size.height * w.size.width; ++tap) {
    const int y = output.y * w.size.height + tap / w.size.width;
    const int x = output.x * w.size.width + tap % w.size.width;
    Quad dx;
#pragma unroll
    for (int j = 0; j < 4; ++j) dx.values[j] = places.values[j] == tap ? gradient.values[j] : 0.0f;
    const std::int64_t i = image + (std::int64_t{y} * w.image.width + x) * w.channels_in;
    store_some(dx, step.dx, trial, i, i + outputs.width(), outputs.quads());
  }
}

}  // namespace

void pooled_gradient(const PooledGradient& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = w.channels_in % 4 == 0 && has_quads(arguments.dy) &&
                     has_quads(arguments.slope) && has_quads(arguments.index) &&
                     has_quads(arguments.dx);
  const Dealing outputs(w.output, w.channels_in, quads);
  launch<pooled_gradient_kernel>(outputs.grid(context), outputs.block(), 0, context.stream,
                                 arguments, outputs, context.trials);
}

}  // namespace saltus::kernels
