// Which positions of an image a window covers, and which windows cover a position.
#pragma once

#include <saltus/kernels/pooling/rules.h>

#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {

using Range = kernels::Range<std::int64_t>;

/// Rows and columns of the image that a window covers.
struct Area {
  Range rows, columns;

  SALTUS_HD Area(const plan::Window& w, std::int64_t oy, std::int64_t ox)
      : rows(kernels::inside(oy, w.size.height, w.strides.height, w.padding_before.height,
                             w.image.height)),
        columns(kernels::inside(ox, w.size.width, w.strides.width, w.padding_before.width,
                                w.image.width)) {}

  [[nodiscard]] SALTUS_HD float positions() const {
    return static_cast<float>(rows.size() * columns.size());
  }
};

/// The windows that cover an input position, along one axis, for positions in ascending order.
class Cover {
 public:
  SALTUS_HD Cover(std::int64_t size, std::int64_t stride, std::int64_t padding,
                  std::int64_t outputs)
      : size_(size), stride_(stride), padding_(padding), outputs_(outputs) {}

  SALTUS_HD Range at(std::int64_t input) {
    const std::int64_t position = input + padding_;
    while (range_.first < outputs_ && range_.first * stride_ + size_ <= position) ++range_.first;
    while (range_.last < outputs_ && range_.last * stride_ <= position) ++range_.last;
    return range_;
  }

 private:
  std::int64_t size_, stride_, padding_, outputs_;
  Range range_ = {0, 0};
};

}  // namespace saltus::cpu::SALTUS_ISA
