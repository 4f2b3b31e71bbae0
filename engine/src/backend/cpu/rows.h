#pragma once

#include <span>
#include <vector>

#include "backend/cpu/loops.h"
#include "plan/tensor.h"

namespace saltus::cpu {

/// Rows of a tensor of either float type, read and written as floats through a buffer: for steps
/// where arithmetic, not memory, counts.
class RowReader {
 public:
  RowReader(In tensor, std::int64_t columns)
      : data_(static_cast<const std::byte*>(tensor.data)),
        type_(tensor.type),
        values_(static_cast<std::size_t>(columns)) {}

  std::span<const float> row(std::int64_t number) {
    const auto columns = static_cast<std::int64_t>(values_.size());
    loops().load({data_ + number * columns * plan::size_of(type_), type_},
                 {values_.data(), plan::DType::f32}, columns);
    return values_;
  }

 private:
  const std::byte* data_;
  plan::DType type_;
  std::vector<float> values_;
};

class RowWriter {
 public:
  RowWriter(Out tensor, std::int64_t columns)
      : data_(static_cast<std::byte*>(tensor.data)),
        type_(tensor.type),
        values_(static_cast<std::size_t>(columns)) {}

  /// To be filled before write().
  std::span<float> values() { return values_; }

  void write(std::int64_t number) {
    if (data_ == nullptr) return;
    const auto columns = static_cast<std::int64_t>(values_.size());
    loops().load({values_.data(), plan::DType::f32},
                 {data_ + number * columns * plan::size_of(type_), type_}, columns);
  }

 private:
  std::byte* data_;
  plan::DType type_;
  std::vector<float> values_;
};

}  // namespace saltus::cpu
