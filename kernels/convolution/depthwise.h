// Depthwise convolution and its gradients: output channel o is made of input channel o *
// channels_in / channels_out alone, so channels_out is a multiple of channels_in. Images are NHWC,
// weights [tap y][tap x][channels_out]. All sums are fp32, whatever the arrays hold.
#pragma once

#include <cstdint>

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/window.h>

namespace saltus::kernels {

/// y = x * w + b
struct DepthwiseForward {
  Window window;
  AnyInput x;               ///< [rows][image][channels_in]
  PerTrial<const float> w;  ///< [size][channels_out]
  PerTrial<const float> b;  ///< [channels_out], or none
  AnyOutput y;              ///< [rows][output][channels_out]
};

/// dx = the gradient of x
struct DepthwiseBackwardData {
  Window window;
  AnyInput dy;
  PerTrial<const float> w;
  AnyOutput dx;
};

/// dw, db = the gradients of the weights and, where db is there, of the bias: sums over the batch
struct DepthwiseBackwardFilter {
  Window window;
  AnyInput x, dy;
  PerTrial<float> dw;
  PerTrial<float> db;
  PerTrial<float> workspace;  ///< depthwise_backward_filter_workspace() floats
};

/// All throw CudaError where a launch fails, and std::invalid_argument where an int does not count
/// that much (check_pooling()).
void depthwise_forward(const DepthwiseForward& arguments, const LaunchContext& context);
void depthwise_backward_data(const DepthwiseBackwardData& arguments, const LaunchContext& context);
void depthwise_backward_filter(const DepthwiseBackwardFilter& arguments,
                               const LaunchContext& context);

/// Floats of workspace for each trial.
std::int64_t depthwise_backward_filter_workspace(const Window& window, int max_rows);

}  // namespace saltus::kernels
