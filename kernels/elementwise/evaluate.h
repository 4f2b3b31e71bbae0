#pragma once

#include <cstdint>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/formula/linked.h>

namespace saltus::kernels {

/// What one thread evaluates: `count` values, `value_step` elements apart, in place, and their
/// slopes unless `slopes` is null.
struct Evaluation {
  float* values;
  int value_step;
  float* slopes;
  std::int64_t slope_step;
  int count;
};

namespace detail {

struct Evaluate {
  const ActivationRef& activation;
  Evaluation run;

  template <class A>
  SALTUS_HD void operator()() {
    const Parameters<float> p = parameters_of<float>(activation);
    float* slope = run.slopes;
    float* value = run.values;
#if defined(__CUDACC__)
#pragma unroll 1
#endif
    for (int i = 0; i < run.count; ++i) {
      const float x = *value;
      *value = A::f(x, p);
      value += run.value_step;
      if (run.slopes == nullptr) continue;
      *slope = A::df(x, p);
      slope += run.slope_step;
    }
  }
};

}  // namespace detail

/// values = f(values), slopes = f'(values). The loop is inside the switch, rolled, and over memory
/// (shared memory, where a kernel has sums in registers): around sums in registers, the switch
/// costs spills and minutes of compilation. The activation has to be the same for a whole warp.
#if defined(SALTUS_EVALUATE_ELSEWHERE)  // seconds less to compile; a device would need registers
void evaluate(const ActivationRef& activation, const Evaluation& run);
#elif defined(SALTUS_LINKABLE)  // for kernels that are linked with formulas: their ids come last
__device__ inline void evaluate(const ActivationRef& activation, const Evaluation& run) {
  const int number = activation.id - AllActivations::size;
  if (number < 0) {
    formula::saltus_evaluate_listed(activation.id, activation.parameters, run.values,
                                    run.value_step, run.slopes, run.slope_step, run.count);
  } else {
    formula::saltus_evaluate_formula(number, activation.parameters, run.values, run.value_step,
                                     run.slopes, run.slope_step, run.count);
  }
}
#else
SALTUS_HD void evaluate(const ActivationRef& activation, const Evaluation& run) {
  dispatch(activation.id, detail::Evaluate{activation, run});
}
#endif

}  // namespace saltus::kernels
