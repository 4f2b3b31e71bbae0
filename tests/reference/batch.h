// Values of the reference: samples side by side in double precision, and weights by name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <saltus/shape.h>

namespace saltus::reference {

using Values = std::vector<double>;

/// Weights, or their gradients, by name ("dense/kernel") in Keras's layouts.
using Weights = std::map<std::string, Values, std::less<>>;

/// Samples side by side: values [rows][shape], row-major.
struct Batch {
  std::int64_t rows = 0;
  Shape shape;  ///< of one sample
  Values values;

  Batch() = default;

  /// Zeros.
  Batch(std::int64_t row_count, Shape sample_shape)
      : rows(row_count),
        shape(std::move(sample_shape)),
        values(static_cast<std::size_t>(row_count * element_count(shape))) {}

  Batch(std::int64_t row_count, Shape sample_shape, Values elements)
      : rows(row_count), shape(std::move(sample_shape)), values(std::move(elements)) {}

  std::int64_t size() const { return static_cast<std::int64_t>(values.size()); }

  /// Elements of one sample.
  std::int64_t sample_size() const { return element_count(shape); }

  /// Extent of the last axis: channels, features or classes.
  std::int64_t channels() const { return shape.back(); }

  /// Where element (y, x, channel) of image `row` stands in `values`; the shape is {height, width,
  /// channels}.
  std::int64_t index(std::int64_t row, std::int64_t y, std::int64_t x, std::int64_t channel) const {
    return ((row * shape[0] + y) * shape[1] + x) * shape[2] + channel;
  }
};

}  // namespace saltus::reference
