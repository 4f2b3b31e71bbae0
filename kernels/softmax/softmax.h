// Softmax and its logarithm over the last axis, as a layer of its own.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// y = softmax(x), or log_softmax(x), over the channels of each vector.
struct Softmax {
  AnyInput x;                ///< [rows][vectors][channels]
  AnyOutput y;               ///< likewise
  std::int64_t vectors = 1;  ///< of a row
  int channels = 0;          ///< at least 1
  bool log = false;
};

/// The gradient of x from that of y and from y itself:
/// dx = y (dy - sum(y dy)), of the logarithm dx = dy - exp(y) sum(dy).
struct SoftmaxBackward {
  AnyInput y, dy;
  AnyOutput dx;
  std::int64_t vectors = 1;
  int channels = 0;
  bool log = false;
};

void softmax(const Softmax& arguments, const LaunchContext& context);
void softmax_backward(const SoftmaxBackward& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
