#pragma once

#include <cstdint>

#include "kernels/stage.h"

namespace saltus::kernels {

/// y = a + b, on the batch's rows of `size` elements.
template <class T>
struct Sum {
  PerTrial<const T> a, b;  ///< [rows][size]
  PerTrial<T> y;           ///< [rows][size]
  std::int64_t size = 0;   ///< elements of a row
};

/// T: float, Bf16.
template <class T>
void sum(const Sum<T>& arguments, const Stage& stage);

}  // namespace saltus::kernels
