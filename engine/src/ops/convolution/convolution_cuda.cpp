#include <saltus/kernels/convolution/convolutions_pool_backward.h>

#include "backend/cuda/launch_builder.h"
#include "backend/cuda/products.h"
#include "ops/convolution/convolution.h"
#include "ops/pooling/max_pooling.h"

namespace saltus::ops {

using namespace cuda;

namespace {

static_assert(kernels::ConvolutionsPool<float>::kNoDrop == PooledGradient::kNoDrop);

template <class T>
Launch launch_of(const ConvolutionsPool& s, LaunchBuilder& builder) {
  const Tensors& t = builder.tensors();
  const kernels::ConvolutionsPoolSizes sizes = sizes_of(s.first, s.second);
  const auto run = [s, t, sizes](const StepContext& at) {
    kernels::convolutions_pool<T>(
        {.sizes = sizes,
         .x = t.of<T>(at, s.x),
         .first = {t.weight<T>(at, s.first_w), t.floats(at, s.first_b), s.first_slot},
         .second = {t.weight<T>(at, s.second_w), t.floats(at, s.second_b), s.second_slot},
         .y = t.out(at, s.y),
         .slope = t.floats(at, s.slope),
         .index = t.bytes(at, s.index),
         .drop_slot = s.drop_slot,
         .workspace = workspace<float>(at)},
        at.context);
  };
  return {run, kernels::convolutions_pool_workspace(sizes, builder.max_rows()) *
                   std::int64_t{sizeof(float)}};
}

static_assert(kernels::ConvolutionsPoolBackward<float>::kNoDrop == PooledGradient::kNoDrop);

template <class T>
Launch launch_of(const ConvolutionsPoolBackward& s, LaunchBuilder& builder) {
  const Tensors& t = builder.tensors();
  const auto run = [s, t](const StepContext& at) {
    kernels::convolutions_pool_backward<T>(
        {.sizes = s.sizes,
         .x = t.of<T>(at, s.x),
         .first = {t.weight<T>(at, s.first_w), t.floats(at, s.first_b), s.first_slot},
         .second_w = t.weight<T>(at, s.second_w),
         .dy = t.in(at, s.dy),
         .slope = t.floats(at, s.slope),
         .index = t.bytes(at, s.index),
         .drop_slot = s.drop_slot,
         .first_dw = t.floats(at, s.first_dw),
         .second_dw = t.floats(at, s.second_dw),
         .first_db = t.floats(at, s.first_db),
         .second_db = t.floats(at, s.second_db),
         .workspace = workspace<float>(at)},
        at.context);
  };
  return {run, kernels::convolutions_pool_backward_workspace(builder.max_rows()) *
                   std::int64_t{sizeof(float)}};
}

}  // namespace

Launch Convolution::launch(LaunchBuilder& builder) const {
  return builder.convolutions().forward({window_of(window), x, w, b, y});
}

Launch ConvolutionActivate::launch(LaunchBuilder& builder) const {
  return builder.convolutions().forward({window_of(window), x, w, b, y, slot, slope});
}

Launch ConvolutionBackward::launch(LaunchBuilder& builder) const {
  return builder.convolutions().backward({window_of(window), x, w, dy, dx, dw, db});
}

Launch ConvolutionsPool::launch(LaunchBuilder& builder) const {
  return builder.tensors().is_bf16(x) ? launch_of<kernels::Bf16>(*this, builder)
                                      : launch_of<float>(*this, builder);
}

Launch ConvolutionsPoolBackward::launch(LaunchBuilder& builder) const {
  return builder.tensors().is_bf16(x) ? launch_of<kernels::Bf16>(*this, builder)
                                      : launch_of<float>(*this, builder);
}

}  // namespace saltus::ops
