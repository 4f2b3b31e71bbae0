// Max-pooling. Forward, a thread takes four channels of an output pixel and reads its window; where
// windows do not overlap, x is read once and y and the index are written: 5.25 elements of memory
// for one of y and three comparisons (2 x 2, floats).
//
// Backward, a thread takes four channels of a pixel of x and adds up what the windows over it send
// there, row by row: dx is written once and nothing is zeroed first. The pixels of one window read
// the same dy and index, neighbours in the same block, so that memory is read about once: it moves
// 5.25 elements for one of dy. Both are bound by memory, as is what gathers x at the maxima: a
// sector for each.
#include <saltus/kernels/pooling/extremes.h>
#include <saltus/kernels/pooling/pooling.h>

namespace saltus::kernels {
namespace {

using namespace pooling;

__global__ void __launch_bounds__(kThreads)
    max_pool_kernel(MaxPool step, Dealing outputs, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place output;
  if (!trials.active(trial) || !outputs.find(trials.rows(), output)) return;
  Chosen high;
  Chosen low;
  find_extremes<false>(step.x, trial, step.window, output, outputs.quads(), high, low);
  store_channels(high.x, step.y, trial, output, outputs);
  store_places(high.places, step.index, trial, output, outputs.quads());
}

__global__ void __launch_bounds__(kThreads)
    max_pool_backward_kernel(MaxPoolBackward step, Dealing inputs, Cover cover, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place input;
  if (!trials.active(trial) || !inputs.find(trials.rows(), input)) return;
  const Window& w = step.window;
  const std::int64_t image = input.row * elements_of(w.output, w.channels_in) + input.channel;
  const std::uint8_t* const index = step.index[trial] + image;
  with_fetch(step.dy, trial, image, inputs.quads(), [&](const auto& fetch_dy) {
    const Quad dx = add_windows(cover.at(w, input.y, input.x), [&](int y, int x) {
      const int tap_y = input.y + w.padding.height - y * w.strides.height;
      const int tap_x = input.x + w.padding.width - x * w.strides.width;
      const int tap = tap_y * w.size.width + tap_x;
      const int i = (y * w.output.width + x) * w.channels_in;
      Quad dy = fetch_dy(i);
      const ByteQuad places = fetch_dy.bytes(index + i);
#pragma unroll
      for (int j = 0; j < 4; ++j) dy.values[j] = places.values[j] == tap ? dy.values[j] : 0.0f;
      return dy;
    });
    store_channels(dx, step.dx, trial, input, inputs);
  });
}

__global__ void __launch_bounds__(kThreads)
    gather_pooled_kernel(GatherPooled step, Dealing outputs, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place output;
  if (!trials.active(trial) || !outputs.find(trials.rows(), output)) return;
  const Window& w = step.window;
  const Area area(w, output.y, output.x);
  const std::int64_t image = output.row * elements_of(w.image, w.channels_in) + output.channel;
  const std::uint8_t* const index = step.index[trial] + output.element;
  Quad y = {};
  for (int j = 0; j < 4; ++j) {
    if (j >= outputs.width()) break;
    const int tap = index[j];
    const int row = area.first_y + tap / w.size.width;
    const int column = area.first_x + tap % w.size.width;
    y.values[j] = step.x.load(
        trial, image + (std::int64_t{row} * w.image.width + column) * w.channels_in + j);
  }
  store_channels(y, step.y, trial, output, outputs);
}

}  // namespace

void max_pool(const MaxPool& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = w.channels_in % 4 == 0 && has_quads(arguments.x) && has_quads(arguments.y) &&
                     has_quads(arguments.index);
  const Dealing outputs(w.output, w.channels_in, quads);
  launch<max_pool_kernel>(outputs.grid(context), outputs.block(), 0, context.stream, arguments,
                          outputs, context.trials);
}

void max_pool_backward(const MaxPoolBackward& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = w.channels_in % 4 == 0 && has_quads(arguments.dy) &&
                     has_quads(arguments.index) && has_quads(arguments.dx);
  const Dealing inputs(w.image, w.channels_in, quads);
  launch<max_pool_backward_kernel>(inputs.grid(context), inputs.block(), 0, context.stream,
                                   arguments, inputs, Cover(w), context.trials);
}

void gather_pooled(const GatherPooled& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = w.channels_in % 4 == 0 && has_quads(arguments.y);
  const Dealing outputs(w.output, w.channels_in, quads);
  launch<gather_pooled_kernel>(outputs.grid(context), outputs.block(), 0, context.stream, arguments,
                               outputs, context.trials);
}

}  // namespace saltus::kernels
