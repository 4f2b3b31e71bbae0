// Values of the reference: samples side by side in double precision, and weights by name.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <saltus/shape.h>

namespace saltus::reference {

/// A vector that is indexed and counted by signed integers, as extents and nodes are.
template <typename T>
class Array {
 public:
  using value_type = T;
  using iterator = typename std::vector<T>::iterator;
  using const_iterator = typename std::vector<T>::const_iterator;

  Array() = default;
  Array(std::initializer_list<T> elements) : elements_(elements) {}
  explicit Array(std::int64_t count, const T& value = {})
      : elements_(static_cast<std::size_t>(count), value) {}
  template <std::input_iterator Iterator>
  Array(Iterator first, Iterator last) : elements_(first, last) {}

  T& operator[](std::int64_t i) { return begin()[i]; }
  const T& operator[](std::int64_t i) const { return begin()[i]; }
  T& front() { return elements_.front(); }
  T& back() { return elements_.back(); }
  const T& back() const { return elements_.back(); }
  std::int64_t size() const { return std::ssize(elements_); }
  bool empty() const { return elements_.empty(); }
  void push_back(T value) { elements_.push_back(std::move(value)); }
  iterator begin() { return elements_.begin(); }
  iterator end() { return elements_.end(); }
  const_iterator begin() const { return elements_.begin(); }
  const_iterator end() const { return elements_.end(); }
  bool operator==(const Array&) const = default;

 private:
  std::vector<T> elements_;
};

using Values = Array<double>;

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
      : rows(row_count), shape(std::move(sample_shape)), values(row_count * element_count(shape)) {}

  Batch(std::int64_t row_count, Shape sample_shape, Values elements)
      : rows(row_count), shape(std::move(sample_shape)), values(std::move(elements)) {}

  std::int64_t size() const { return values.size(); }

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
