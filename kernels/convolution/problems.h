// The three products of a convolution, as engines take them.
#pragma once

#include <algorithm>

#include <saltus/kernels/convolution/convolution.h>
#include <saltus/kernels/matrix/problem.h>
#include <saltus/kernels/matrix/split_k.h>

namespace saltus::kernels {

template <class T>
using ForwardProblem = Problem<Operand<Im2col<T>, Inner::k>, Operand<Rows<T>, Inner::other>>;
template <class T, bool kUnitStrides>
using BackwardDataProblem = Problem<Operand<Im2colOfGradient<T, kUnitStrides>, Inner::k>,
                                    Operand<WeightsByTap<T>, Inner::k>>;
template <class T>
using BackwardFilterProblem =
    Problem<Operand<Im2col<T>, Inner::other>, Operand<Rows<T>, Inner::other>>;

inline bool has_unit_strides(const Window& window) {
  return window.strides.height == 1 && window.strides.width == 1;
}

inline int pixels(const Extent& extent) {
  return extent.height * extent.width;
}

template <class T, class Out>
ForwardProblem<T> problem_of(const ConvolutionForward<T, Out>& c) {
  const int taps_in = pixels(c.window.size) * c.window.channels_in;
  const int out = c.window.channels_out;
  return {{{c.x, c.window}},
          {{c.w, Count{.fixed = taps_in}, out}},
          {.per_row = pixels(c.window.output)},
          out,
          {.fixed = taps_in}};
}

template <bool kUnitStrides, class T, class Out>
BackwardDataProblem<T, kUnitStrides> problem_of(const ConvolutionBackwardData<T, Out>& c) {
  return {{{c.dy, c.window}},
          {{c.w, c.window}},
          {.per_row = pixels(c.window.image)},
          c.window.channels_in,
          {.fixed = pixels(c.window.size) * c.window.channels_out}};
}

template <class T>
BackwardFilterProblem<T> problem_of(const ConvolutionBackwardFilter<T>& c) {
  const Count output = {.per_row = pixels(c.window.output)};
  return {{{c.x, c.window}},
          {{c.dy, output, c.window.channels_out}},
          {.fixed = pixels(c.window.size) * c.window.channels_in},
          c.window.channels_out,
          output};
}

/// Few pixels and many taps, as in dense layers, leave most of a device idle unless the sum is cut.
/// Wide outputs occupy it by themselves, and a slice of them costs more to store: longer slices.
/// On tensor cores a block waits for its operands longer than it multiplies them, so that more
/// blocks with shorter slices are done sooner, as long as sums are not what is moved most: of a
/// pixel a slice reads `length` elements, and writes `channels_out` sums, which are read again.
inline SplitK forward_split_k(Engine engine, const Window& window) {
  constexpr int kFewPixels = 8;
  constexpr int kShort = 512;
  constexpr int kShortest = 128;
  constexpr int kStep = 64;  // what lengths are multiples of
  const int k = pixels(window.size) * window.channels_in;
  int length = kShort * std::max(1, window.channels_out / 512);
  if (engine == Engine::tensor && window.channels_out < kShort / 2) {
    const int moved = (2 * window.channels_out + kStep - 1) / kStep * kStep;
    length = std::max(kShortest, moved);
  }
  return {pixels(window.output) < kFewPixels && k / 2 >= length ? length : 0};
}

/// The gradient of the weights is small and its sum long. Where it is large, slices are longer, so
/// that all slices together never hold more than 256 floats or so for each pixel of the batch.
inline SplitK backward_filter_split_k(const Window& window) {
  constexpr int kShort = 512;
  constexpr std::int64_t kLongest = 1 << 30;
  const std::int64_t weights =
      std::int64_t{pixels(window.size)} * window.channels_in * window.channels_out;
  const std::int64_t length = kShort * std::max<std::int64_t>(1, weights / (128 * kShort));
  return {static_cast<int>(std::min(length, kLongest))};
}

/// Both gradients of a slice of the sum lie side by side: dw, then db.
inline std::int64_t backward_filter_slice(const Window& window) {
  return (std::int64_t{pixels(window.size)} * window.channels_in + 1) * window.channels_out;
}

}  // namespace saltus::kernels
