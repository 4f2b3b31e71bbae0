// Convolutions of images with one channel, the first layer of a network: too few multiply-adds for
// tiles of a product, and no channels for vectors.
#pragma once

#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/matrix/split_k.h>

namespace saltus::kernels::one_channel {

/// Largest window, in taps: 7 x 7.
inline constexpr int kMaxTaps = 49;

inline bool fits(const Window& window) {
  return window.channels_in == 1 && window.size.height * window.size.width <= kMaxTaps;
}

/// The same as convolution_forward().
template <class T, class Out>
void forward(const ConvolutionForward<T, Out>& arguments, const LaunchContext& context);

/// The sums of the slices of dw and, where they have a place, of db.
template <class T>
void backward_filter(const ConvolutionBackwardFilter<T>& arguments, const PartialSums& sums,
                     const LaunchContext& context);

}  // namespace saltus::kernels::one_channel
