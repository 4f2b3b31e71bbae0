// Dropout with masks from counters. Eight neighbouring elements share one Philox call. A thread
// makes one call and takes eight elements, in two accesses of four where the arrays' places allow
// it: not those of its own call, but such that the accesses of a warp lie side by side; the calls'
// words go round in the warp. Reads and writes an element each; a Philox call is about 100 integer
// operations, 13 for an element, which a GPU does in less time than it takes to move 8 bytes.
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/elementwise/drop.h>
#include <saltus/kernels/elementwise/drop_rule.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

/// What another lane's call made; all lanes must come here.
__device__ Words4 words_of_lane(const Words4& words, int lane) {
  return {__shfl_sync(kWholeWarp, words.w0, lane), __shfl_sync(kWholeWarp, words.w1, lane),
          __shfl_sync(kWholeWarp, words.w2, lane), __shfl_sync(kWholeWarp, words.w3, lane)};
}

/// to = map(from, whether it is kept), for the calling thread's elements.
template <class Map>
__device__ void map_kept(const AnyInput& from, const AnyOutput& to, std::int64_t size, int slot,
                         const Trials& trials, bool quads, Map map) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * size;
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
  const std::int64_t call = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const std::int64_t first_call = call - lane;  // of the warp
  if (first_call * kMaskBlock >= count) return;

  const TrialState& state = trials.states[trial];
  const DropoutRule rule = trials.dropout(trial, slot);
  const Words4 own = mask_words(state, slot, call);
#pragma unroll
  for (int pass = 0; pass < 2; ++pass) {
    const int quad = pass * kWarpLanes + lane;  // of the warp's, two for each call
    const Words4 words = words_of_lane(own, quad / 2);
    const int half = quad % 2 * 4;
    const std::int64_t first = first_call * kMaskBlock + quad * 4;
    Quad values = fetch_some(from, trial, first, count, quads);
#pragma unroll
    for (int j = 0; j < 4; ++j)
      values.values[j] = map(rule, values.values[j], is_kept(rule, words, half + j));
    store_some(values, to, trial, first, count, quads);
  }
}

__global__ void __launch_bounds__(kThreads) drop_kernel(Drop step, Trials trials, bool quads) {
  map_kept(step.x, step.y, step.size, step.slot, trials, quads,
           [](const DropoutRule& rule, float x, bool kept) { return dropped(rule, x, kept); });
}

__global__ void __launch_bounds__(kThreads)
    drop_backward_kernel(DropBackward step, Trials trials, bool quads) {
  map_kept(step.dy, step.dx, step.size, step.slot, trials, quads,
           [](const DropoutRule& rule, float dy, bool kept) {
             return dropped_gradient(rule, dy, kept);
           });
}

Grid grid_of(std::int64_t size, const LaunchContext& context) {
  return {blocks_for(context.max_rows * size, kMaskBlock * kThreads), 1, context.trials.count};
}

}  // namespace

void drop(const Drop& arguments, const LaunchContext& context) {
  const bool quads = has_quads(arguments.x) && has_quads(arguments.y);
  launch<drop_kernel>(grid_of(arguments.size, context), dim3(kThreads), 0, context.stream,
                      arguments, context.trials, quads);
}

void drop_backward(const DropBackward& arguments, const LaunchContext& context) {
  const bool quads = has_quads(arguments.dy) && has_quads(arguments.dx);
  launch<drop_backward_kernel>(grid_of(arguments.size, context), dim3(kThreads), 0, context.stream,
                               arguments, context.trials, quads);
}

}  // namespace saltus::kernels
