// What runs the formulas of a source that engine/src/formula/device_source.h has written: the loop
// over values, and the mending of what is beyond floats.
#pragma once

#include <saltus/kernels/formula/linked.h>
#include <saltus/kernels/formula/mend.h>
#include <saltus/kernels/formula/programs.h>

#if defined(__CUDACC__)
#define SALTUS_OF_FORMULAS static __device__ __noinline__
#define SALTUS_TABLE static __device__ const
#else
#define SALTUS_OF_FORMULAS static
#define SALTUS_TABLE static const
#endif

namespace saltus::kernels::formula {

/// What f and f' come to at an infinity.
struct Limits {
  double value, slope;
};

/// A formula with values of its parameters.
struct Use {
  int formula;      ///< its number among the formulas of the source
  float low, high;  ///< inputs between these are for floats
  Limits left, right;
};

struct Values {
  float value, slope;
};

/// f and f' of a formula in double, which the source defines; returns whether any intermediate
/// result may have overflown.
SALTUS_OF_FORMULAS bool evaluate_wide(int formula, double x, const float* parameters,
                                      double* results);

/// Computes in double, as formula::mend() does on a CPU. One function for all formulas: for each
/// its own would take half a second of a hundred's time to compile.
SALTUS_OF_FORMULAS Values mend(const Use& use, const float* parameters, float x) {
  if (x != x) return {x, x};
  const Limits& limits = x > 0 ? use.right : use.left;
  if (x - x != 0) return {static_cast<float>(limits.value), static_cast<float>(limits.slope)};
  double results[2] = {};
  const bool overflows = evaluate_wide(use.formula, x, parameters, results);
  return {mended(results[0], limits.value, overflows), mended(results[1], limits.slope, overflows)};
}

/// A formula of `count` values, in place, and its slopes unless `slopes` is null.
template <class Formula>
SALTUS_OF_FORMULAS void run(const Use& use, const float* parameters, float* values, int value_step,
                            float* slopes, long long slope_step, int count) {
  const float low = use.low;
  const float high = use.high;
#if defined(__CUDACC__)
#pragma unroll 1
#endif
  for (int i = 0; i < count; ++i) {
    const float x = *values;
    float results[2];
    Formula::evaluate(x, parameters, results);
    // Each by itself: f alone has the bits that it has beside f'.
    const bool is_outside = !(x >= low && x <= high);
    const bool mends_value = is_outside || results[0] != results[0];
    const bool mends_slope = slopes != nullptr && (is_outside || results[1] != results[1]);
    if (mends_value || mends_slope) {
      const Values known = mend(use, parameters, x);
      if (mends_value) results[0] = known.value;
      if (mends_slope) results[1] = known.slope;
    }
    *values = results[0];
    values += value_step;
    if (slopes == nullptr) continue;
    *slopes = results[1];
    slopes += slope_step;
  }
}

}  // namespace saltus::kernels::formula
