// Max-pooling, by itself and with the activation before it, and average pooling. A window's
// positions are counted row by row; those outside of the image do not take part, and every window
// covers a part of it. An image's elements, and the pixels of a batch, have to fit an int.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/window.h>

namespace saltus::kernels {

/// y = the largest of each window; index = its position in the window, of equals the first. NaN is
/// larger than any number, and of several the last is taken.
struct MaxPool {
  Window window;                      ///< of at most 256 positions
  AnyInput x;                         ///< [rows][image][channels]
  AnyOutput y;                        ///< [rows][output][channels]
  PerTrial<std::uint8_t> index = {};  ///< as y, or none
};

/// dx = each window's dy where its maximum was, else 0; the sum of them where windows overlap.
struct MaxPoolBackward {
  Window window;
  AnyInput dy;
  PerTrial<const std::uint8_t> index;
  AnyOutput dx;
};

/// y = x where the maximum of each window was.
struct GatherPooled {
  Window window;
  AnyInput x;
  PerTrial<const std::uint8_t> index;  ///< as y
  AnyOutput y;
};

/// The gradient of a max-pool with what lies behind it: dx = each window's dy, through dropout and
/// times the slope of an activation, where its maximum was, else 0. Windows lie side by side and
/// leave nothing over.
struct PooledGradient {
  static constexpr int kNoDrop = -1;

  Window window;
  AnyInput dy;                         ///< [rows][output][channels]
  PerTrial<const float> slope = {};    ///< as dy, or none
  PerTrial<const std::uint8_t> index;  ///< as dy
  AnyOutput dx;                        ///< [rows][image][channels]
  int drop_slot = kNoDrop;
};

/// y = max-pool(f(x)) by each trial's activation of this slot, slope = f' where the maximum was.
/// Where f is monotone it is evaluated at one position of a window, where it has one minimum at
/// two; ties then go to the first position in x.
struct ActivatePool {
  Window window;
  AnyInput x;
  int slot = 0;
  AnyOutput y;
  PerTrial<float> slope = {};         ///< as y, or none
  PerTrial<std::uint8_t> index = {};  ///< as y, or none
};

/// y = the mean of each window. Global average pooling is that of one window.
struct AveragePool {
  Window window;
  AnyInput x;
  AnyOutput y;
};

/// dx = the sum of dy / positions over the windows that cover a pixel.
struct AveragePoolBackward {
  Window window;
  AnyInput dy;
  AnyOutput dx;
};

/// All throw CudaError where a launch fails, and std::invalid_argument where an int does not count
/// that much.
void max_pool(const MaxPool& arguments, const LaunchContext& context);
void max_pool_backward(const MaxPoolBackward& arguments, const LaunchContext& context);
void pooled_gradient(const PooledGradient& arguments, const LaunchContext& context);
void gather_pooled(const GatherPooled& arguments, const LaunchContext& context);
void activate_pool(const ActivatePool& arguments, const LaunchContext& context);
void average_pool(const AveragePool& arguments, const LaunchContext& context);
void average_pool_backward(const AveragePoolBackward& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
