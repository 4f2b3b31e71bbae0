// What the kernels of an update share: what they tell each other, and how a thread changes
// elements.
#pragma once

#include <limits>

#include <saltus/kernels/device/reduce.h>
#include <saltus/kernels/device/vector.h>
#include <saltus/kernels/update/update.h>

namespace saltus::kernels {

/// What becomes of a trial in a step, which prepare_kernel decides.
enum class Verdict : int {
  left_out,  ///< it was inactive before
  updated,
  ended  ///< by this batch: its gradients are looked at, and nothing changes
};

/// What the kernels tell each other, in the workspace.
struct Notes {
  double* squares;   ///< [pieces]: sums of squares
  double* norms;     ///< [weights]: sums of squares, over a whole tensor
  double* scales;    ///< [weights]: the norm clip's factor
  double* common;    ///< kMostStepBytes: the optimizer's Step
  Verdict* verdict;  ///< one, in the room of a double
  double* checks;    ///< [checks]: 0, or NaN where a gradient that is not stored is not finite

  __device__ Notes(const Update& step, int trial)
      : squares(step.workspace[trial]),
        norms(squares + step.piece_count),
        scales(norms + step.weight_count),
        common(scales + step.weight_count),
        verdict(reinterpret_cast<Verdict*>(common + kMostStepBytes / sizeof(double))),
        checks(common + kMostStepBytes / sizeof(double) + 1) {}

  /// What all elements have in common, of an optimizer.
  template <class O>
  __device__ typename O::Step& common_of() const {
    return *reinterpret_cast<typename O::Step*>(common);
  }
};

/// Calls function(optimizer) with that of the rule.
template <int place = 0, class Function>
__device__ void with_optimizer(const UpdateRule& rule, const Function& function) {
  if constexpr (place < static_cast<int>(std::variant_size_v<Optimizer>)) {
    if (rule.place() == place)
      function(rule.as<std::variant_alternative_t<place, Optimizer>>());
    else
      with_optimizer<place + 1>(rule, function);
  }
}

/// A clip that leaves all gradients as they are.
inline constexpr float kNoClip = std::numeric_limits<float>::infinity();

/// Calls visit(number, change) with how many moments the rule's optimizer O has, as a constant, and
/// with what changes an element: change(gradient, weight, moments...), with kMostMoments. Returns
/// how many gradients of the thread were clipped.
template <class O, class Visit>
__device__ int with_change(const UpdateRule& rule, const Notes& notes, float scale, bool decays,
                           const Visit& visit) {
  typename O::Step common = notes.common_of<O>();
  if constexpr (requires { common.decay; }) {
    if (!decays) common.decay = 0;
  }
  const float clip = rule.clip() == Clip::value ? static_cast<float>(rule.limit()) : kNoClip;
  int cut = 0;
  with_moments(rule.as<O>(), [&]<std::size_t n>(std::integral_constant<std::size_t, n> number) {
    visit(number, [&](float gradient, float& weight, auto&... moments) {
      const ClippedGradient clipped = clip_gradient(gradient, scale, clip);
      cut += clipped.cut;
      change_element<O, n>(common, clipped.value, weight, moments...);
    });
  });
  return cut;
}

/// A stretch of one trial's arrays; absent are those that its rule has no use for.
struct Arrays {
  const float* gradients;
  float* weights;
  float* moments[kMostMoments];
  Bf16* copy;

  __device__ Arrays(const Update& step, int trial, std::int64_t first)
      : gradients(step.gradients[trial] + first),
        weights(step.weights[trial] + first),
        copy(step.copy ? step.copy[trial] + first : nullptr) {
    for (std::size_t i = 0; i < kMostMoments; ++i)
      moments[i] = step.moments[i] ? step.moments[i][trial] + first : nullptr;
  }
};

/// Four of each, in registers.
struct Quads {
  Quad gradients, weights, moments[kMostMoments];
};

/// How many quads of each array a thread has under way, as registers allow.
template <int kMoments>
inline constexpr int kQuadsAtOnce = kMoments > 2 ? 1 : 2;

/// Loads weights and moments from place i on.
template <int kMoments>
__device__ void load_quads(const Arrays& arrays, std::int64_t i, Quads& quads) {
  quads.weights = load_quad(arrays.weights + i);
#pragma unroll
  for (int k = 0; k < kMoments; ++k) quads.moments[k] = load_quad(arrays.moments[k] + i);
}

/// Changes weights and moments by their gradients, and stores them from place i on.
template <int kMoments, class Change>
__device__ void change_quads(Quads& quads, const Change& change, const Arrays& arrays,
                             std::int64_t i) {
#pragma unroll
  for (int k = 0; k < 4; ++k)
    change(quads.gradients.values[k], quads.weights.values[k], quads.moments[0].values[k],
           quads.moments[1].values[k], quads.moments[2].values[k]);
  store_quad(quads.weights, arrays.weights + i);
#pragma unroll
  for (int k = 0; k < kMoments; ++k) store_quad(quads.moments[k], arrays.moments[k] + i);
  if (arrays.copy != nullptr) store_quad(quads.weights, arrays.copy + i);
}

/// Calls change(gradient, weight, moments...) for the thread's elements of a piece, with
/// kMostMoments, of which change() uses so many.
template <int kMoments, int kThreads, class Change>
__device__ void change_elements(const Arrays& arrays, int count, const Change& change) {
  constexpr int kQuads = kQuadsAtOnce<kMoments>;
  const auto thread = static_cast<int>(threadIdx.x);
  for (int first = 4 * thread; first + 4 <= count; first += kQuads * 4 * kThreads) {
    Quads quads[kQuads];
#pragma unroll
    for (int j = 0; j < kQuads; ++j) {
      const int i = first + j * 4 * kThreads;
      if (i + 4 > count) continue;
      quads[j].gradients = fetch_quad(arrays.gradients + i);
      load_quads<kMoments>(arrays, i, quads[j]);
    }
#pragma unroll
    for (int j = 0; j < kQuads; ++j) {
      const int i = first + j * 4 * kThreads;
      if (i + 4 <= count) change_quads<kMoments>(quads[j], change, arrays, i);
    }
  }

  // What is left over: fewer than four, at the end of a tensor.
  const int i = count / 4 * 4 + thread;
  if (i >= count) return;
  float moments[kMostMoments] = {};
#pragma unroll
  for (int k = 0; k < kMoments; ++k) moments[k] = arrays.moments[k][i];
  change(arrays.gradients[i], arrays.weights[i], moments[0], moments[1], moments[2]);
#pragma unroll
  for (int k = 0; k < kMoments; ++k) arrays.moments[k][i] = moments[k];
  if (arrays.copy != nullptr) store(arrays.weights[i], arrays.copy[i]);
}

/// Changes a piece of a trial's arrays by the optimizer O; returns how many gradients of the thread
/// were clipped.
template <class O, int kThreads>
__device__ int change_piece(const Update& step, int trial, const Notes& notes, float scale,
                            const UpdatePiece& piece) {
  const Arrays arrays(step, trial, piece.first);
  return with_change<O>(
      step.rules[trial], notes, scale, piece.decays,
      [&]<std::size_t n>(std::integral_constant<std::size_t, n> /*moments*/, const auto& change) {
        change_elements<static_cast<int>(n), kThreads>(arrays, piece.count, change);
      });
}

/// Adds the clips of a block's threads to those of the batch; all threads must come here.
template <int kThreads>
__device__ void count_clips(const Update& step, const Trials& trials, int trial,
                            const UpdateRule& rule, int cut) {
  if (rule.clip() != Clip::value) return;
  cut = reduce_block<kThreads>(cut);
  if (threadIdx.x == 0 && cut > 0)
    atomicAdd(&step.sums[trial][trials.batch->number].clipped,
              static_cast<unsigned long long>(cut));
}

}  // namespace saltus::kernels
