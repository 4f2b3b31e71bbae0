// Convolution with bias and activation, and its gradients. Images are NHWC, weights [tap y][tap x]
// [in][out]. T is the type of what is multiplied, Out of the result: <float, float>, <Bf16, float>
// or <Bf16, Bf16>; sums are fp32 always.
#pragma once

#include <cstdint>

#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/matrix/engine.h>
#include <saltus/kernels/matrix/epilogue.h>
#include <saltus/kernels/window.h>

namespace saltus::kernels {

/// y = f(x * w + bias), slope = f'(x * w + bias)
template <class T, class Out>
struct ConvolutionForward {
  Window window;
  PerTrial<const T> x;        ///< [rows][image][channels_in]
  PerTrial<const T> w;        ///< [size][channels_in][channels_out]
  Epilogue<Out> epilogue;     ///< y, slope [rows][output][channels_out]; bias [channels_out]
  PerTrial<float> workspace;  ///< convolution_forward_workspace() floats; may be absent for 0
};

/// dx = the gradient of x
template <class T, class Out>
struct ConvolutionBackwardData {
  Window window;
  PerTrial<const T> dy;  ///< [rows][output][channels_out]
  PerTrial<const T> w;
  PerTrial<Out> dx;  ///< [rows][image][channels_in]
};

/// dw, db = the gradients of the weights and, where db is there, of the bias: sums over the batch
template <class T>
struct ConvolutionBackwardFilter {
  Window window;
  PerTrial<const T> x, dy;
  PerTrial<float> dw;
  PerTrial<float> db;         ///< [channels_out], or none
  PerTrial<float> workspace;  ///< convolution_backward_filter_workspace() floats
};

/// All throw CudaError where a launch fails, and std::invalid_argument where an int does not count
/// that much (check_convolution()).
template <class T, class Out>
void convolution_forward(Engine engine, const ConvolutionForward<T, Out>& arguments,
                         const LaunchContext& context);
template <class T, class Out>
void convolution_backward_data(Engine engine, const ConvolutionBackwardData<T, Out>& arguments,
                               const LaunchContext& context);
template <class T>
void convolution_backward_filter(Engine engine, const ConvolutionBackwardFilter<T>& arguments,
                                 const LaunchContext& context);

/// Floats of workspace for each trial; for the gradient whichever engine works. Throw
/// std::invalid_argument as above.
std::int64_t convolution_forward_workspace(Engine engine, const Window& window, int max_rows);
std::int64_t convolution_backward_filter_workspace(const Window& window, int max_rows);

}  // namespace saltus::kernels
