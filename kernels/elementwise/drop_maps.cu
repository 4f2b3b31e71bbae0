// Dropout of whole feature maps. A thread asks for the draw of one channel of one row, and takes up
// to sixteen of its positions, such that in each of the sixteen rounds the threads of a row take
// neighbours. Reads and writes an element each; a Philox call is about 100 integer operations, 6
// for an element, which a GPU does in less time than it takes to move 8 bytes.
#include <saltus/kernels/device/launch.h>
#include <saltus/kernels/elementwise/drop_maps.h>
#include <saltus/kernels/random.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kRounds = 16;

/// Threads that a row takes: the elements of a round.
SALTUS_HD std::int64_t threads_of_row(const DropMaps& step) {
  return (step.positions + kRounds - 1) / kRounds * step.channels;
}

__global__ void __launch_bounds__(kThreads) drop_maps_kernel(DropMaps step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t round = threads_of_row(step);
  const std::int64_t thread = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  const std::int64_t row = thread / round;
  if (row >= trials.rows()) return;
  const std::int64_t within = thread - row * round;

  const TrialState& state = trials.states[trial];
  const DropoutRule rule = trials.dropout(trial, step.slot);
  const std::int64_t draw = row * step.channels + within % step.channels;
  const Words4 words =
      random_words(state.seed, Purpose::dropout, static_cast<std::uint32_t>(step.slot), state.step,
                   static_cast<std::uint32_t>(draw / kMaskBlock));
  const bool kept = mask_draw(words, static_cast<int>(draw % kMaskBlock)) >= rule.threshold;

  const std::int64_t size = step.positions * step.channels;
  for (std::int64_t i = within; i < size; i += round) {
    const std::int64_t place = row * size + i;
    step.y.save(kept ? rule.scale * step.x.load(trial, place) : 0, trial, place);
  }
}

}  // namespace

void drop_maps(const DropMaps& arguments, const LaunchContext& context) {
  const Grid grid = {blocks_for(context.max_rows * threads_of_row(arguments), kThreads), 1,
                     context.trials.count};
  launch<drop_maps_kernel>(grid, dim3(kThreads), 0, context.stream, arguments, context.trials);
}

}  // namespace saltus::kernels
