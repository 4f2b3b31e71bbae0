// The blocks of two convolutions and a max-pool that kernels do in one.
#pragma once

#include <optional>

#include <saltus/kernels/convolution/convolutions_pool_backward_sizes.h>
#include <saltus/precision.h>

#include "ops/list.h"

namespace saltus::passes {

/// Their sizes, if the windows are those of a block: both convolutions 3 x 3 at every place inside
/// of an image, which is grey, and the pooling 2 x 2 side by side.
std::optional<kernels::ConvolutionsPoolSizes> sizes_of_block(const plan::Window& first,
                                                             const plan::Window& second,
                                                             const plan::Window& pool);

/// By element: 2 bytes of bf16, or 4.
inline int element_bytes_of(Precision precision) {
  return precision == Precision::bf16 ? 2 : 4;
}

}  // namespace saltus::passes
