// Two convolutions, their activations, the max-pool behind them and dropout behind that, forward,
// on tensor cores: what lies between them never leaves a block's shared memory.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/convolution/convolutions_pool_sizes.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// A convolution and the activation behind it.
template <class T>
struct ConvolutionLayer {
  PerTrial<const T> w;         ///< [3][3][channels in][channels out]
  PerTrial<const float> bias;  ///< [channels out], or none
  int activation = 0;          ///< slot of the trial table
};

/// y = drop(max-pool(f2(f1(x * w1 + b1) * w2 + b2))), slope = f2' where the maximum was, index =
/// its place in the window, with the sums of convolution_forward() of the engine `tensor`, the
/// rules of activate_pool() and the draws of drop(). T: float, which is multiplied as tf32, or
/// Bf16.
template <class T>
struct ConvolutionsPool {
  static constexpr int kNoDrop = -1;

  ConvolutionsPoolSizes sizes;
  PerTrial<const T> x;  ///< [rows][image]
  ConvolutionLayer<T> first, second;
  AnyOutput y;                        ///< [rows][pooled][channels_out]
  PerTrial<float> slope = {};         ///< as y, or none
  PerTrial<std::uint8_t> index = {};  ///< as y, or none
  int drop_slot = kNoDrop;            ///< of the trial table, or kNoDrop
  PerTrial<float> workspace;          ///< convolutions_pool_workspace() floats, at 16 bytes
};

/// Throws CudaError where a launch fails, and std::invalid_argument where no device runs these
/// sizes (has_convolutions_pool()).
template <class T>
void convolutions_pool(const ConvolutionsPool<T>& arguments, const LaunchContext& context);

/// Floats of workspace for each trial.
std::int64_t convolutions_pool_workspace(const ConvolutionsPoolSizes& sizes, int max_rows);

}  // namespace saltus::kernels
