// The optimizer over flat arrays, in pieces of 4096 elements that never cross from one weight
// tensor to the next.
//
// squares_kernel, where norms or a check are wanted: a block adds up the squares of a piece, in
// double: they cannot overflow, so a sum that is not finite means a gradient that is not.
// prepare_kernel: one block a trial. Its warps take a weight tensor each and add up its pieces in
// order; then the verdict, the clips' factors and what all elements have in common in this step.
// move_kernel, where there are moving statistics: a thread an element.
// update_kernel, one for each optimizer that a trial has: a block takes a piece, a thread every
// 256th quad of it, two at a time, which are all loaded before anything is stored. Adam reads four
// floats an element and writes three, and that is its time, if enough of it is under way: eight
// loads of 16 bytes a thread.
#include <algorithm>
#include <stdexcept>
#include <string>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/update/elements.h>

namespace saltus::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int kPiece = 4096;

__device__ bool is_finite(double x) {
  return x - x == 0;
}

__global__ void __launch_bounds__(kThreads) squares_kernel(Update step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const UpdatePiece piece = step.pieces[blockIdx.x];
  const float* const gradients = step.gradients[trial] + piece.first;
  double sum = 0;
  for (int i = static_cast<int>(threadIdx.x); i < piece.count; i += kThreads)
    sum += double{gradients[i]} * gradients[i];
  sum = reduce_block<kThreads>(sum);
  if (threadIdx.x == 0) Notes(step, trial).squares[blockIdx.x] = sum;
}

/// norms = the sums of their pieces, or of their checks; a warp takes every eighth weight.
__device__ void add_squares(const Update& step, const Notes& notes) {
  const int lane = static_cast<int>(threadIdx.x) % kWarpLanes;
  const int warp = static_cast<int>(threadIdx.x) / kWarpLanes;
  for (int weight = warp; weight < step.weight_count; weight += kThreads / kWarpLanes) {
    double sum = 0;
    for (int i = step.first_of_weight[weight] + lane; i < step.first_of_weight[weight + 1];
         i += kWarpLanes)
      sum += notes.squares[i];
    if (step.first_check != nullptr) {
      for (int i = step.first_check[weight] + lane; i < step.first_check[weight + 1];
           i += kWarpLanes)
        sum += notes.checks[i];
    }
    sum = reduce_warp(sum);
    if (lane == 0) notes.norms[weight] = sum;
  }
}

/// For reduce.
struct Smaller {
  __device__ int operator()(int a, int b) const { return a < b ? a : b; }
};

/// The first of the next statistics that is not finite, or their number.
__device__ int first_bad_statistic(const Update& step, int trial) {
  int first = step.statistic_count;
  for (int i = static_cast<int>(threadIdx.x); i < first; i += kThreads)
    if (!is_finite(step.next_statistics[trial][i])) first = i;
  return reduce_block<kThreads>(first, Smaller{});
}

/// The loss first, then gradients in the weights' order, then statistics.
__device__ int find_non_finite(const Update& step, const Notes& notes, double loss,
                               int bad_statistic) {
  if (!is_finite(loss)) return NonFinite::kLoss;
  for (int weight = 0; weight < step.weight_count; ++weight)
    if (!is_finite(notes.norms[weight])) return weight;
  return bad_statistic < step.statistic_count ? step.weight_count + bad_statistic
                                              : NonFinite::kNone;
}

/// Stores the factors of a norm clip; returns how many of the thread's tensors it scales.
__device__ int set_scales(const Update& step, const Notes& notes, const UpdateRule& rule) {
  double all = 0;
  for (int weight = 0; weight < step.weight_count; ++weight) all += notes.norms[weight];
  int scaled = 0;
  for (int weight = static_cast<int>(threadIdx.x); weight < step.weight_count; weight += kThreads) {
    const double norm = math::sqrt(rule.clip() == Clip::norm ? notes.norms[weight] : all);
    const bool small = norm <= rule.limit();
    notes.scales[weight] = small ? 1 : rule.limit() / norm;
    scaled += small ? 0 : 1;
  }
  return scaled;
}

// Six blocks a multiprocessor: or ptxas keeps the rates of several optimizers in registers at once.
__global__ void __launch_bounds__(kThreads, 6) prepare_kernel(Update step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const Notes notes(step, trial);
  if (!trials.active(trial)) {
    if (threadIdx.x == 0) *notes.verdict = Verdict::left_out;
    return;
  }
  SALTUS_SHARED(int, bad, [1]);
  const UpdateRule rule = step.rules[trial];
  BatchSums& sums = step.sums[trial][trials.batch->number];
  if (step.check_finite || rule.clips_by_norm()) add_squares(step, notes);
  const bool check_statistics = step.check_finite && step.statistic_count > 0;
  const int bad_statistic = check_statistics ? first_bad_statistic(step, trial) : 0;
  __syncthreads();  // the norms are there, and all threads know that the trial is active

  if (threadIdx.x == 0) {
    TrialState& state = trials.states[trial];
    bad[0] = step.check_finite ? find_non_finite(step, notes, sums.loss, bad_statistic)
                               : NonFinite::kNone;
    *notes.verdict = bad[0] == NonFinite::kNone ? Verdict::updated : Verdict::ended;
    if (bad[0] == NonFinite::kNone) {
      ++state.step;
      with_optimizer(rule, [&]<class O>(const O& /*optimizer*/) {
        notes.common_of<O>() = rule.at<O>(state.step).step(state.step);
      });
    } else {
      step.non_finite[trial] = {bad[0], state.step};
      state.active = 0;
    }
  }
  __syncthreads();
  if (bad[0] != NonFinite::kNone || !rule.clips_by_norm()) return;
  const int scaled = reduce_block<kThreads>(set_scales(step, notes, rule));
  if (threadIdx.x == 0) sums.clipped += static_cast<unsigned long long>(scaled);
}

__global__ void __launch_bounds__(kThreads) move_kernel(Update step, Trials trials) {
  const int trial = static_cast<int>(blockIdx.z);
  const int i = static_cast<int>(blockIdx.x) * kThreads + static_cast<int>(threadIdx.x);
  if (!trials.active(trial) || i >= step.statistic_count) return;
  step.statistics[trial][i] = step.next_statistics[trial][i];
}

/// How many blocks of update_kernel a multiprocessor is to hold; 0: ptxas decides. On these two it
/// would spill for a fourth.
#if defined(__CUDA_ARCH__) && (__CUDA_ARCH__ == 860 || __CUDA_ARCH__ == 890)
constexpr int kUpdateBlocks = 3;
#else
constexpr int kUpdateBlocks = 0;
#endif

/// A kernel for each optimizer of the list, by its place: together they would take more registers.
template <int place>
__global__ void __launch_bounds__(kThreads, kUpdateBlocks)
    update_kernel(Update step, Trials trials) {
  using O = std::variant_alternative_t<place, Optimizer>;
  const int trial = static_cast<int>(blockIdx.z);
  if (!trials.active(trial)) return;
  const UpdateRule& rule = step.rules[trial];
  if (rule.place() != place) return;
  const UpdatePiece piece = step.pieces[blockIdx.x];
  const Notes notes(step, trial);
  const float scale = rule.clips_by_norm() ? static_cast<float>(notes.scales[piece.weight]) : 1.0f;
  const int cut = change_piece<O, kThreads>(step, trial, notes, scale, piece);
  count_clips<kThreads>(step, trials, trial, rule, cut);
}

/// The kernels of the optimizers that the trials have.
template <int... place>
void launch_updates(std::integer_sequence<int, place...> /*all*/, const Update& arguments,
                    const LaunchContext& context) {
  const Grid pieces(arguments.piece_count, 1, context.trials.count);
  const auto launch_one = [&]<int one>(std::integral_constant<int, one> /*place*/) {
    if ((arguments.optimizers >> one & 1u) == 0) return;
    launch<update_kernel<one>>(pieces, dim3(kThreads), 0, context.stream, arguments,
                               context.trials);
  };
  (launch_one(std::integral_constant<int, place>()), ...);
}

}  // namespace

UpdatePieces cut_weights(std::span<const WeightExtent> weights) {
  UpdatePieces all;
  for (std::size_t weight = 0; weight < weights.size(); ++weight) {
    all.first_of_weight.push_back(static_cast<int>(all.pieces.size()));
    if (weights[weight].first % 4 != 0)
      throw std::invalid_argument("a weight tensor begins at element " +
                                  std::to_string(weights[weight].first) +
                                  " of the flat arrays; begin it at a multiple of 4");
    for (std::int64_t done = 0; done < weights[weight].count; done += kPiece) {
      const std::int64_t count = std::min<std::int64_t>(kPiece, weights[weight].count - done);
      all.pieces.push_back({.weight = static_cast<int>(weight),
                            .count = static_cast<std::int16_t>(count),
                            .decays = weights[weight].decays,
                            .first = weights[weight].first + done});
    }
  }
  all.first_of_weight.push_back(static_cast<int>(all.pieces.size()));
  return all;
}

void prepare_update(const Update& arguments, const LaunchContext& context) {
  if (!has_quads(arguments.weights) || !has_quads(arguments.gradients) ||
      !std::ranges::all_of(arguments.moments, [](const auto& m) { return has_quads(m); }) ||
      !has_quads(arguments.copy))
    throw std::invalid_argument(
        "an array of the update begins between two quads; begin all at a multiple of 4 elements");
  const int trials = context.trials.count;
  const Grid pieces(arguments.piece_count, 1, trials);
  if (arguments.check_finite || arguments.any_norms)
    launch<squares_kernel>(pieces, dim3(kThreads), 0, context.stream, arguments, context.trials);
  launch<prepare_kernel>(Grid(1, 1, trials), dim3(kThreads), 0, context.stream, arguments,
                         context.trials);
  launch<move_kernel>(Grid(blocks_for(arguments.statistic_count, kThreads), 1, trials),
                      dim3(kThreads), 0, context.stream, arguments, context.trials);
}

void update_pieces(const Update& arguments, const LaunchContext& context) {
  launch_updates(std::make_integer_sequence<int, std::variant_size_v<Optimizer>>(), arguments,
                 context);
}

void update(const Update& arguments, const LaunchContext& context) {
  prepare_update(arguments, context);
  update_pieces(arguments, context);
}

}  // namespace saltus::kernels
