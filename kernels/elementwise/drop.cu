// Dropout with masks from counters. A thread takes the eight elements that share one Philox call,
// which are neighbours, in two accesses of four where the arrays' places allow it. Reads and writes
// an element each; a Philox call is about 100 integer operations, 13 for an element, which a GPU
// does in less time than it takes to move 8 bytes.
#include "kernels/device/any_quad.h"
#include "kernels/elementwise/drop.h"
#include "kernels/random.h"

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;

/// to = map(from, whether it is kept), for the calling thread's elements.
template <class Map>
__device__ void map_kept(const AnyInput& from, const AnyOutput& to, std::int64_t size, int slot,
                         const Trials& trials, bool quads, Map map) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * size;
  const std::int64_t block = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (block * kMaskBlock >= count) return;

  const TrialState& state = trials.states[trial];
  const DropoutRule rule = trials.dropout(trial, slot);
  const Words4 words = random_words(state.seed, Purpose::dropout, static_cast<std::uint32_t>(slot),
                                    state.step, static_cast<std::uint32_t>(block));
#pragma unroll
  for (int half = 0; half < kMaskBlock; half += 4) {
    const std::int64_t first = block * kMaskBlock + half;
    Quad quad = fetch_some(from, trial, first, count, quads);
#pragma unroll
    for (int j = 0; j < 4; ++j)
      quad.values[j] = map(rule, quad.values[j], mask_draw(words, half + j) >= rule.threshold);
    store_some(quad, to, trial, first, count, quads);
  }
}

__global__ void __launch_bounds__(kThreads) drop_kernel(Drop step, Trials trials, bool quads) {
  map_kept(step.x, step.y, step.size, step.slot, trials, quads,
           [](const DropoutRule& rule, float x, bool kept) {
             return kept ? rule.scale * x + rule.shift : rule.dropped;
           });
}

__global__ void __launch_bounds__(kThreads)
    drop_backward_kernel(DropBackward step, Trials trials, bool quads) {
  map_kept(
      step.dy, step.dx, step.size, step.slot, trials, quads,
      [](const DropoutRule& rule, float dy, bool kept) { return kept ? rule.scale * dy : 0.0f; });
}

dim3 grid_of(std::int64_t size, const Stage& stage) {
  return dim3(blocks_for(stage.max_rows * size, kMaskBlock * kThreads), 1,
              static_cast<unsigned>(stage.trials.count));
}

}  // namespace

void drop(const Drop& arguments, const Stage& stage) {
  const bool quads = has_quads(arguments.x) && has_quads(arguments.y);
  launch<drop_kernel>(grid_of(arguments.size, stage), dim3(kThreads), 0, stage.stream, arguments,
                      stage.trials, quads);
}

void drop_backward(const DropBackward& arguments, const Stage& stage) {
  const bool quads = has_quads(arguments.dy) && has_quads(arguments.dx);
  launch<drop_backward_kernel>(grid_of(arguments.size, stage), dim3(kThreads), 0, stage.stream,
                               arguments, stage.trials, quads);
}

}  // namespace saltus::kernels
