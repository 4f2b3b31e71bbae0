// The same computations by libraries that are loaded when the program runs. Where one is missing,
// or has no implementation, the contestant has no start and its note says why.
#pragma once

#include "backend/cuda/libraries/multiplier.h"
#include "contest.h"

namespace saltus::bench {

/// "cuDNN 9.10", as a function of the library `file` says. Throws std::runtime_error where it
/// cannot be loaded.
std::string name_with_version(const char* name, const char* file, const char* function);

/// A convolution or dense layer without bias or activation, a problem for each set of data, as the
/// backend has the library solve it: by the first way that it suggests of those which give the same
/// bits each time, whatever the number of trials.
Contestant cudnn_convolution(Precision precision, const std::vector<cuda::Problem>& sets);
Contestant cublas_dense(Precision precision, const std::vector<cuda::Problem>& sets);

/// Max-pooling, 2 x 2 as the window says, of floats: y of x, or dx of y, dy and x (the two inputs
/// that our kernel does not need are its).
struct PoolOperands {
  cuda::Array x, y, dy, dx;
};
Contestant cudnn_max_pool(const kernels::Window& window, int rows, int trials, bool backward,
                          std::vector<PoolOperands> sets);

/// Softmax over the channels of [vectors][channels] floats: out of a, or, backward, of a = y and
/// b = dy.
struct SoftmaxOperands {
  cuda::Array a, b, out;
};
Contestant cudnn_softmax(int vectors, int channels, int trials, bool backward,
                         std::vector<SoftmaxOperands> sets);

}  // namespace saltus::bench
