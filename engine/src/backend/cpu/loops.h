// The loops of the CPU backend: everything but dense convolutions and matrix products. They are
// compiled once for each instruction set (loops/), and the best one that this CPU has is chosen at
// run time. All give the same bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/trial.h>
#include <saltus/kernels/update/optimizers.h>

#include "plan/tensor.h"

namespace saltus::formula {
struct LearnedRun;
}

namespace saltus::cpu {

/// Elements in memory: f32 or bf16 (or u8, where a loop says so).
struct In {
  const void* data;
  plan::DType type;
};
struct Out {
  void* data;
  plan::DType type;
};

/// A tensor from that element on.
inline In from(In tensor, std::int64_t element) {
  return {static_cast<const std::byte*>(tensor.data) + element * plan::size_of(tensor.type),
          tensor.type};
}
inline Out from(Out tensor, std::int64_t element) {
  return {static_cast<std::byte*>(tensor.data) + element * plan::size_of(tensor.type), tensor.type};
}

/// The mask or noise that a layer draws: see kernels/random.h. Element 0 of the loop is element
/// `first` of the layer's batch (row * elements a sample + place).
struct DrawKey {
  std::uint64_t seed;
  std::uint32_t layer;
  std::uint32_t step;
  std::int64_t first;  ///< any element
};

/// Clips and updates; returns the number of gradient elements that `clip` cut (infinity: none),
/// after `scale`, the factor of a norm clip. `step` is the optimizer's step() of this number.
/// Moments that it does not have may be null. w16, where not null, receives the new weights as
/// bf16.
using MomentArrays = std::array<float*, kernels::kMostMoments>;
template <class O>
using UpdateLoop = std::int64_t (*)(const O& optimizer, const typename O::Step& step, float scale,
                                    float clip, const float* g, float* w,
                                    const MomentArrays& moments, std::uint16_t* w16,
                                    std::int64_t n);

/// One such loop for each optimizer of the list.
template <class O>
struct UpdateLoopOf {
  UpdateLoop<O> run;
};
template <class List>
struct UpdateLoops;
template <class... O>
struct UpdateLoops<std::variant<O...>> : UpdateLoopOf<O>... {};

/// n is a number of elements everywhere; images of windows are NHWC.
struct Loops {
  const char* name;

  /// x = bytes / 255, or floats converted.
  void (*load)(In source, Out x, std::int64_t n);

  /// y = f(x), slope = f'(x); slope may be null, and y may be x (of the same type).
  void (*activate)(const kernels::ActivationRef& f, In x, Out y, float* slope, std::int64_t n);

  /// y = f(x) with parameters that are learned, n being whole pixels of run.channels.
  void (*activate_learned)(const formula::LearnedRun& run, In x, Out y, std::int64_t n);
  /// dx = dy f'(x), unless dx is null, and sums[p] += the sums of dy times the derivative by each
  /// learned parameter p, one for all or one a channel.
  void (*activate_learned_backward)(const formula::LearnedRun& run, In x, In dy, Out dx,
                                    double* const* sums, std::int64_t n);

  /// See ops::ActivatePool; slope and index may be null (evaluation). Pooling here, with or
  /// without an activation, leaves out padding, takes windows of up to 256 positions where there is
  /// an index, and lets NaN win.
  void (*activate_pool)(const kernels::ActivationRef& f, In x, Out y, float* slope,
                        std::uint8_t* index, const plan::Window& window, std::int64_t images);

  /// dx = dy * slope; dx may be dy.
  void (*multiply)(In dy, const float* slope, Out dx, std::int64_t n);

  void (*drop)(const kernels::DropoutRule& rule, const DrawKey& key, In x, Out y, std::int64_t n);
  void (*drop_backward)(const kernels::DropoutRule& rule, const DrawKey& key, In dy, Out dx,
                        std::int64_t n);

  /// y = x + stddev n, each n of kernels/normal_numbers.h
  void (*add_noise)(float stddev, const DrawKey& key, In x, Out y, std::int64_t n);

  void (*max_pool)(In x, Out y, std::uint8_t* index, const plan::Window& window,
                   std::int64_t images);
  void (*max_pool_backward)(In dy, const std::uint8_t* index, Out dx, const plan::Window& window,
                            std::int64_t images);
  /// y = x at the place in each window that the index names
  void (*gather_pooled)(In x, const std::uint8_t* index, Out y, const plan::Window& window,
                        std::int64_t images);
  void (*average_pool)(In x, Out y, const plan::Window& window, std::int64_t images);
  void (*average_pool_backward)(In dy, Out dx, const plan::Window& window, std::int64_t images);

  /// Depthwise convolution (ops::DepthwiseConvolution) where window.channels_in ==
  /// window.channels_out, and its gradients. b and db may be null; dw += ..., db += ...
  void (*depthwise_forward)(In x, const float* w, const float* b, Out y, const plan::Window& window,
                            std::int64_t images);
  void (*depthwise_backward_data)(In dy, const float* w, Out dx, const plan::Window& window,
                                  std::int64_t images);
  void (*depthwise_backward_weights)(In x, In dy, float* dw, float* db, const plan::Window& window,
                                     std::int64_t images);

  void (*add)(In a, In b, Out y, std::int64_t n);

  const UpdateLoops<Optimizer>* updates;
  template <class O>
  UpdateLoop<O> update() const {
    return static_cast<const UpdateLoopOf<O>*>(updates)->run;
  }

  /// averages = kernels::moving_average() of these and w; averages16, where not null, receives them
  /// as bf16.
  void (*average)(const float* w, float rate, float* averages, std::uint16_t* averages16,
                  std::int64_t n);

  /// Sum of squares in double, in a fixed order whatever the instruction set.
  double (*sum_squares)(const float* g, std::int64_t n);
  bool (*all_finite)(const float* g, std::int64_t n);

  /// Backward of a convolution behind a max-pool, from the pooled gradient and its index
  /// (ops::PooledConvolutionBackward), f32. It works for any window and pool; `supported` says
  /// whether it is quicker than the dense gradient: there is a fused multiply-add, the window's
  /// rows (width * channels_in) fill vectors of 16, and the pool drops enough positions.
  ///
  /// The weights are taken, and their gradient is summed, in a layout of the loops' own of
  /// `weights_size` floats, one run of them for each output channel: `prepare` makes it from w once
  /// a step, and `finish` adds such a gradient into dw. Both functions between them may be called
  /// on a few images at a time, by each thread with its own dw_own, db and scratch (`scratch_size`
  /// floats). Arrays aligned to 64 bytes are quicker.
  bool (*pooled_convolution_supported)(const plan::Window& window, const plan::Window& pool);
  std::int64_t (*pooled_convolution_weights_size)(const plan::Window& window);
  std::int64_t (*pooled_convolution_scratch_size)(const plan::Window& window);
  void (*pooled_convolution_prepare)(const float* w, float* w_own, const plan::Window& window);
  /// dw_own += ..., db += ... (db may be null)
  void (*pooled_convolution_weights)(const float* x, const float* dy, const std::uint8_t* index,
                                     float* dw_own, float* db, const plan::Window& window,
                                     const plan::Window& pool, std::int64_t images, float* scratch);
  /// dw += dw_own
  void (*pooled_convolution_finish)(const float* dw_own, float* dw, const plan::Window& window);
  /// dx = ...
  void (*pooled_convolution_data)(const float* w_own, const float* dy, const std::uint8_t* index,
                                  float* dx, const plan::Window& window, const plan::Window& pool,
                                  std::int64_t images, float* scratch);
};

/// The loops for this CPU.
const Loops& loops();

/// The loops of one instruction set ("baseline", "avx2", "avx512"), or null where this CPU lacks
/// it: for tests.
const Loops* loops_for(const char* name);

}  // namespace saltus::cpu
