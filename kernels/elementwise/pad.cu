// Zeros around images, and the images without them. A thread takes an element of what it writes:
// neighbours write neighbours, and read them but where lines end. Each moves every element once and
// computes nothing, so the memory's speed is its own.
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/elementwise/pad.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

/// The calling thread's element in images of so many lines of that length.
struct Place {
  std::int64_t element;
  std::int64_t row;
  int line;
  int column;
  bool there;

  __device__ Place(int lines, int length, const Trials& trials) {
    const int size = lines * length;
    element = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
    row = element / size;
    const int within = static_cast<int>(element - row * size);
    line = within / length;
    column = within - line * length;
    there = row < trials.rows();
  }
};

__global__ void __launch_bounds__(kThreads) pad_kernel(Pad step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const Frame& f = step.frame;
  const Place at(f.padded_lines, f.padded_length, trials);
  if (!at.there) return;
  const int line = at.line - f.top;
  const int column = at.column - f.left;
  const bool inside = line >= 0 && line < f.lines && column >= 0 && column < f.length;
  const std::int64_t place = (at.row * f.lines + line) * f.length + column;
  step.y.save(inside ? step.x.load(trial, place) : 0, trial, at.element);
}

__global__ void __launch_bounds__(kThreads) pad_backward_kernel(PadBackward step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const Frame& f = step.frame;
  const Place at(f.lines, f.length, trials);
  if (!at.there) return;
  const std::int64_t line = at.row * f.padded_lines + f.top + at.line;
  step.dx.save(step.dy.load(trial, line * f.padded_length + f.left + at.column), trial, at.element);
}

Grid grid_of(int lines, int length, const LaunchContext& context) {
  return {blocks_for(context.max_rows * std::int64_t{lines} * length, kThreads), 1,
          context.trials.count};
}

}  // namespace

void pad(const Pad& arguments, const LaunchContext& context) {
  const Frame& f = arguments.frame;
  launch<pad_kernel>(grid_of(f.padded_lines, f.padded_length, context), dim3(kThreads), 0,
                     context.stream, arguments, context.trials);
}

void pad_backward(const PadBackward& arguments, const LaunchContext& context) {
  const Frame& f = arguments.frame;
  launch<pad_backward_kernel>(grid_of(f.lines, f.length, context), dim3(kThreads), 0,
                              context.stream, arguments, context.trials);
}

}  // namespace saltus::kernels
