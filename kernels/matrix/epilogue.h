#pragma once

#include <saltus/kernels/trial.h>

namespace saltus::kernels {

/// What is made of the sums of a product: z = sums + bias, y = f(z), slope = f'(z).
template <class Out>
struct Epilogue {
  PerTrial<Out> y;                  ///< [m][n]
  PerTrial<const float> bias = {};  ///< [n], or none
  int activation = kIdentity;       ///< slot of the trial table
  PerTrial<float> slope = {};       ///< [m][n], or none

  static constexpr int kIdentity = -1;  ///< y = z, and no slope
};

}  // namespace saltus::kernels
