#include "backend/cuda/launch_builder.h"
#include "backend/cuda/products.h"
#include "ops/convolution/convolution.h"

namespace saltus::ops {

using namespace cuda;

Launch Convolution::launch(LaunchBuilder& builder) const {
  return builder.convolutions().forward({window_of(window), x, w, b, y});
}

Launch ConvolutionActivate::launch(LaunchBuilder& builder) const {
  return builder.convolutions().forward({window_of(window), x, w, b, y, slot, slope});
}

Launch ConvolutionBackward::launch(LaunchBuilder& builder) const {
  return builder.convolutions().backward({window_of(window), x, w, dy, dx, dw, db});
}

}  // namespace saltus::ops
