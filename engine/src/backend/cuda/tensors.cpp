#include "backend/cuda/tensors.h"

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/device/extents.h>

namespace saltus::cuda {

int extent(std::int64_t count) {
  if (count > kernels::kLargestIndex) {
    throw InvalidArgument(
        fmt::format("a layer or batch has an extent of {}, and more than {} do not run on a GPU; "
                    "use a smaller one",
                    count, kernels::kLargestIndex));
  }
  return static_cast<int>(count);
}

kernels::Extent extent(const Size2& size) {
  return {extent(size.height), extent(size.width)};
}

kernels::Window window_of(const plan::Window& window) {
  const kernels::Padding padding = {extent(window.padding_before.height),
                                    extent(window.padding_before.width)};
  return {extent(window.image),
          extent(window.output),
          extent(window.size),
          extent(window.strides),
          padding,
          extent(window.channels_in),
          extent(window.channels_out)};
}

}  // namespace saltus::cuda
