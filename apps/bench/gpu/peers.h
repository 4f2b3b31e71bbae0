// The same computations by libraries that are loaded when the program runs. Where one is missing,
// or has no implementation, the contestant has no start and its note says why.
#pragma once

#include "contest.h"

namespace saltus::bench {

/// An array of each trial, `step` bytes from one trial's to the next.
struct Bytes {
  void* data = nullptr;
  std::int64_t step = 0;

  [[nodiscard]] void* of(int trial) const { return static_cast<char*>(data) + trial * step; }
};

/// forward: y = x w; backward_data: dx = dy w; backward_filter: dw = x dy
enum class Pass : std::uint8_t { forward, backward_data, backward_filter };

/// One set of data: out = a b, as Pass names them.
struct Operands {
  Bytes a, b, out;
};

/// A convolution or dense layer without bias or activation, by libraries once for each trial.
struct Layer {
  kernels::Window window;
  int rows = 0;
  int trials = 1;
  Precision precision = Precision::fp32;
  Pass pass = Pass::forward;
  std::vector<Operands> sets;
};

/// By cudnnConvolution*(), NHWC, with the quickest algorithm that cudnnFind*Ex() finds.
Contestant cudnn_convolution(const Layer& layer);

/// By cublasLtMatmul(), with the quickest of the algorithms that its heuristic names.
Contestant cublas_dense(const Layer& layer);

/// Max-pooling, 2 x 2 as the window says, of floats: y of x, or dx of y, dy and x (the two inputs
/// that our kernel does not need are its).
struct PoolOperands {
  Bytes x, y, dy, dx;
};
Contestant cudnn_max_pool(const kernels::Window& window, int rows, int trials, bool backward,
                          std::vector<PoolOperands> sets);

/// Softmax over the channels of [vectors][channels] floats: out of a, or, backward, of a = y and
/// b = dy.
Contestant cudnn_softmax(int vectors, int channels, int trials, bool backward,
                         std::vector<Operands> sets);

}  // namespace saltus::bench
