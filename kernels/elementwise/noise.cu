// Normal noise from counters. A thread makes one Philox call, two pairs of normal numbers and takes
// four elements. Reads and writes an element each; a call and its pairs are about 50 operations for
// an element.
#include <saltus/kernels/device/any_quad.h>
#include <saltus/kernels/elementwise/noise.h>
#include <saltus/kernels/normal_numbers.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;
static_assert(kNormalBlock == 4, "the elements of a thread share a call");

__global__ void __launch_bounds__(kThreads)
    add_noise_kernel(AddNoise step, Trials trials, bool quads) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const std::int64_t count = trials.rows() * step.size;
  const std::int64_t first = first_quad_of_thread<kThreads>();
  if (first >= count) return;
  const TrialState& state = trials.states[trial];
  const Words4 words = random_words(state.seed, Purpose::noise, step.layer, state.step,
                                    static_cast<std::uint32_t>(first / kNormalBlock));
  const NormalPair a = normal_pair(words.w0, words.w1);
  const NormalPair b = normal_pair(words.w2, words.w3);
  const Quad x = fetch_some(step.x, trial, first, count, quads);
  store_some({x.values[0] + step.stddev * a.first, x.values[1] + step.stddev * a.second,
              x.values[2] + step.stddev * b.first, x.values[3] + step.stddev * b.second},
             step.y, trial, first, count, quads);
}

}  // namespace

void add_noise(const AddNoise& arguments, const LaunchContext& context) {
  const bool quads = has_quads(arguments.x) && has_quads(arguments.y);
  launch<add_noise_kernel>(quad_grid(arguments.size, kThreads, context), dim3(kThreads), 0,
                           context.stream, arguments, context.trials, quads);
}

}  // namespace saltus::kernels
