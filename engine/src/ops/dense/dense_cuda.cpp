#include "backend/cuda/launch_builder.h"
#include "backend/cuda/products.h"
#include "ops/dense/dense.h"

namespace saltus::ops {

using namespace cuda;

namespace {

/// A dense layer is a convolution of windows of 1 x 1.
template <class Step>
kernels::Window window_of_gemm(const Step& step) {
  return kernels::product_window(extent(step.rows), extent(step.in), extent(step.out));
}

}  // namespace

Launch Gemm::launch(LaunchBuilder& builder) const {
  return builder.gemms().forward({window_of_gemm(*this), x, w, b, y});
}

Launch GemmActivate::launch(LaunchBuilder& builder) const {
  return builder.gemms().forward({window_of_gemm(*this), x, w, b, y, slot, slope});
}

Launch GemmBackward::launch(LaunchBuilder& builder) const {
  return builder.gemms().backward({window_of_gemm(*this), x, w, dy, dx, dw, db});
}

}  // namespace saltus::ops
