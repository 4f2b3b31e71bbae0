// Two convolutions of 3 x 3 on a grey image with a max-pool of 2 x 2 behind them, for the tests of
// the kernels that do all of it in one.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/convolution/convolutions_pool_sizes.h>

#include "tests/kernels/convolution/trials.h"

namespace saltus::test {

using kernels::ActivationRef;
using kernels::ConvolutionsPoolSizes;
using kernels::Window;

inline Window first_window(const ConvolutionsPoolSizes& sizes) {
  return window_of({.image = sizes.image, .size = {3, 3}, .out = sizes.channels});
}
inline Window second_window(const ConvolutionsPoolSizes& sizes) {
  return window_of(
      {.image = sizes.between(), .size = {3, 3}, .in = sizes.channels, .out = sizes.channels_out});
}
inline Window pool_window(const ConvolutionsPoolSizes& sizes) {
  return window_of({.image = second_window(sizes).output,
                    .size = {2, 2},
                    .strides = {2, 2},
                    .in = sizes.channels_out,
                    .out = sizes.channels_out});
}

inline std::string describe(const ConvolutionsPoolSizes& sizes) {
  return std::to_string(sizes.image.height) + "x" + std::to_string(sizes.image.width) + ", " +
         std::to_string(sizes.channels) + " and " + std::to_string(sizes.channels_out) +
         " channels";
}

/// Bytes of shared memory that a block of the device may have.
inline int shared_bytes() {
  int device = 0;
  int bytes = 0;
  SALTUS_CHECK(cudaGetDevice(&device));
  SALTUS_CHECK(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device));
  return bytes;
}

template <class A>
ActivationRef with(std::initializer_list<float> parameters) {
  ActivationRef ref;
  ref.id = kernels::kActivationId<A>;
  std::copy(parameters.begin(), parameters.end(), ref.parameters);
  return ref;
}

/// One of each kind of what a pooling needs of f: the largest x, the largest and the smallest, all.
inline std::vector<ActivationRef> kinds() {
  return {with<kernels::Relu>({}), with<kernels::Abs>({}), with<kernels::Sine>({1}),
          with<kernels::GeluTanh>({})};
}

}  // namespace saltus::test
