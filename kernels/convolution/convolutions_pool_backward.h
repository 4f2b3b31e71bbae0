// The gradients of two convolutions, their activations and the max-pool behind them
// (convolutions_pool.h), on tensor cores: what lies between is made again from the image.
#pragma once

#include <saltus/kernels/convolution/convolutions_pool.h>
#include <saltus/kernels/convolution/convolutions_pool_backward_sizes.h>

namespace saltus::kernels {

/// The gradients of the weights and biases of ConvolutionsPool, each the sum over the batch's rows:
/// dy, through dropout and times `slope`, arrives at place `index` of each window. What is
/// multiplied on tensor cores is rounded as the forward pass rounds it; the gradient between the
/// convolutions, and the gradients of biases, are of float.
template <class T>
struct ConvolutionsPoolBackward {
  static constexpr int kNoDrop = -1;

  ConvolutionsPoolSizes sizes;
  PerTrial<const T> x;  ///< [rows][image]
  ConvolutionLayer<T> first;
  PerTrial<const T> second_w;
  AnyInput dy;                         ///< [rows][pooled][channels_out]
  PerTrial<const float> slope = {};    ///< as dy, or none
  PerTrial<const std::uint8_t> index;  ///< as dy
  int drop_slot = kNoDrop;
  PerTrial<float> first_dw, second_dw;            ///< [3][3][channels in][channels out]
  PerTrial<float> first_db = {}, second_db = {};  ///< [channels out], or none
  PerTrial<float> workspace;                      ///< convolutions_pool_backward_workspace()
};

/// Throws CudaError where a launch fails, and std::invalid_argument where no device runs these
/// sizes (has_convolutions_pool_backward()).
template <class T>
void convolutions_pool_backward(const ConvolutionsPoolBackward<T>& arguments,
                                const LaunchContext& context);

/// Floats of workspace for each trial, at 16 bytes.
std::int64_t convolutions_pool_backward_workspace(int max_rows);

}  // namespace saltus::kernels
