// Tensors of a plan: what they hold, not where a backend keeps it.
#pragma once

#include <cstdint>
#include <string>

#include <saltus/shape.h>

namespace saltus::plan {

/// Type of a tensor's elements. Bits of bf16 are the upper half of a float's.
enum class DType : std::uint8_t { f32, bf16, u8 };

/// Bytes of one element.
constexpr std::int64_t size_of(DType type) {
  return type == DType::f32 ? 4 : type == DType::bf16 ? 2 : 1;
}

/// Where a tensor lives.
enum class Home : std::uint8_t {
  /// Trainable weights: one flat array; gradients and moments are arrays with the same offsets.
  parameters,
  /// The gradient of a trainable weight.
  gradients,
  /// Moving means and variances; behind them, in the same order, what the update makes of them;
  /// behind those the batch's own.
  statistics,
  /// One row a sample.
  batch,
  /// One row a sample, needed inside one sliced segment only: never for the whole batch at once.
  /// Made by the pass `slice`.
  slice,
};

using TensorId = int;
inline constexpr TensorId kNone = -1;

/// A tensor. Weights have their whole shape; batch and slice tensors that of one sample.
struct Tensor {
  std::string name;
  Shape shape;
  DType type = DType::f32;
  Home home = Home::batch;
  std::int64_t elements = 0;
  /// In elements for parameters, gradients and statistics. For batch and slice in bytes a sample,
  /// which the pass `pack` deals out.
  std::int64_t offset = 0;
};

/// Whether a tensor has one row a sample.
inline bool has_rows(const Tensor& tensor) {
  return tensor.home == Home::batch || tensor.home == Home::slice;
}

/// Bytes of a weight, or of a sample's row.
inline std::int64_t bytes_of(const Tensor& tensor) {
  return tensor.elements * size_of(tensor.type);
}

/// Extents of a convolution or pooling: images [height][width][channels], NHWC.
struct Window {
  Size2 image;
  Size2 output;
  Size2 size;
  Size2 strides;
  Size2 padding_before;
  Size2 padding_after;
  std::int64_t channels_in = 0;
  std::int64_t channels_out = 0;  ///< of pooling: channels_in
};

}  // namespace saltus::plan
