// An activation and the max-pool behind it. A thread takes four channels of an output pixel and
// evaluates f where its maximum may be: at the window's largest x if f is monotone, at its largest
// and smallest if f has one minimum, else everywhere. It does so for two positions, eight values,
// at a time, in rounds of which the first two kinds need one, so that there is one dispatch, taken
// alike by the whole block, with the loop inside its case. The values lie in shared memory
// meanwhile, as registers cannot be indexed; each thread has its own, and no thread waits.
//
// Reads x about once, writes y, the slope and the index: 6.25 elements of memory for one of y (2 x
// 2, floats) and one, two or four evaluations. Most activations cost less time than that.
#include <saltus/kernels/elementwise/evaluate.h>
#include <saltus/kernels/pooling/extremes.h>
#include <saltus/kernels/pooling/pooling.h>

namespace saltus::kernels {
namespace {

using namespace pooling;

constexpr int kCandidates = 2;  // positions in a round
constexpr int kValues = 4 * kCandidates;

/// Reads a window's positions, one after another.
class Walk {
 public:
  __device__ Walk(const Window& w, const Place& output)
      : area_(w, output.y, output.x),
        image_(output.row * elements_of(w.image, w.channels_in) + output.channel),
        y_(area_.rows.first),
        x_(area_.columns.first) {}

  [[nodiscard]] __device__ int positions() const { return area_.positions(); }

  __device__ void next(const ActivatePool& step, int trial, const Dealing& dealing,
                       Chosen& chosen) {
    const Window& w = step.window;
    const std::int64_t i = image_ + std::int64_t{y_ * w.image.width + x_} * w.channels_in;
    chosen.x = fetch_channels(step.x, trial, i, dealing.quads());
    const int place = (y_ - area_.first_y) * w.size.width + x_ - area_.first_x;
#pragma unroll
    for (int& of_channel : chosen.places) of_channel = place;
    if (++x_ == area_.columns.last) {
      x_ = area_.columns.first;
      ++y_;
    }
  }

 private:
  Area area_;
  std::int64_t image_;
  int y_, x_;
};

}  // namespace

__global__ void __launch_bounds__(kThreads)
    activate_pool_kernel(ActivatePool step, Dealing outputs, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  Place output;
  if (!trials.active(trial) || !outputs.find(trials.rows(), output)) return;
  SALTUS_SHARED(float, values, [kValues][kThreads]);
  SALTUS_SHARED(float, slopes, [kValues][kThreads]);
  const ActivationRef& activation = trials.activation(trial, step.slot);
  const Shape shape = pooled_shape(activation);
  const int width = outputs.width();
  const auto thread = threadIdx.x;

  Maximum best;
  Walk walk(step.window, output);
  int left = shape == Shape::other ? walk.positions() : shape == Shape::monotone ? 1 : 2;
#pragma unroll 1
  for (; left > 0; left -= kCandidates) {
    const int count = left < kCandidates ? left : kCandidates;
    Chosen candidates[kCandidates];
    if (shape == Shape::monotone) {
      find_extremes<false>(step.x, trial, step.window, output, outputs.quads(), candidates[0],
                           candidates[1]);
    } else if (shape == Shape::one_minimum) {
      find_extremes<true>(step.x, trial, step.window, output, outputs.quads(), candidates[0],
                          candidates[1]);
    } else {
#pragma unroll
      for (int k = 0; k < kCandidates; ++k)
        if (k < count) walk.next(step, trial, outputs, candidates[k]);
    }

    const auto for_values = [&](const auto& visit) {
#pragma unroll
      for (int k = 0; k < kCandidates; ++k)
#pragma unroll
        for (int j = 0; j < 4; ++j)
          if (k < count && j < width) visit(k, j, k * width + j);
    };
    for_values([&](int k, int j, int i) { values[i][thread] = candidates[k].x.values[j]; });
    evaluate(activation, {&values[0][thread], kThreads, step.slope ? &slopes[0][thread] : nullptr,
                          kThreads, count * width});
    for_values([&](int k, int j, int i) {
      const bool is_larger = best.keep_larger(j, values[i][thread], candidates[k].places[j]);
      if (is_larger && step.slope) best.slope.values[j] = slopes[i][thread];
    });
  }
  store_channels(best.y, step.y, trial, output, outputs);
  if (step.slope) store_channels(best.slope, step.slope, trial, output, outputs);
  store_places(best.places, step.index, trial, output, outputs.quads());
}

void activate_pool(const ActivatePool& arguments, const LaunchContext& context) {
  const Window& w = arguments.window;
  check_pooling(w, context.max_rows);
  const bool quads = w.channels_in % 4 == 0 && has_quads(arguments.x) && has_quads(arguments.y) &&
                     has_quads(arguments.slope) && has_quads(arguments.index);
  const Dealing outputs(w.output, w.channels_in, quads);
  launch_evaluating<activate_pool_kernel>(outputs.grid(context), outputs.block(), 0, context,
                                          arguments, outputs, context.trials);
}

}  // namespace saltus::kernels
