#pragma once

#include "ops/convolution/convolution.h"

namespace saltus::ops {

/// A PooledConvolutionBackward that never forms the gradient of the whole output, where the loops
/// support it.
cpu::SlicedOpPtr make_sparse_backward_op(const PooledConvolutionBackward& step,
                                         const cpu::Compilation& at);

}  // namespace saltus::ops
