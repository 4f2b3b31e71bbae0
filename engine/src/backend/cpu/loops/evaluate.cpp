#include "backend/cpu/loops/evaluate.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

// One function for each entry, not inlined into the switch: registers are dealt out better.
template <class Entry>
[[gnu::noinline]] void evaluate_both(const kernels::ActivationRef& ref, const float* x, float* y,
                                     float* slope, std::int64_t n) {
  const auto parameters = kernels::parameters_of<float>(ref);
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    const float at = x[i];
    y[i] = Entry::f(at, parameters);
    slope[i] = Entry::df(at, parameters);
  }
}

template <class Entry>
[[gnu::noinline]] void evaluate_value(const kernels::ActivationRef& ref, const float* x, float* y,
                                      std::int64_t n) {
  const auto parameters = kernels::parameters_of<float>(ref);
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = Entry::f(x[i], parameters);
}

}  // namespace

void evaluate(const kernels::ActivationRef& f, const float* x, float* y, float* slope,
              std::int64_t n) {
  kernels::dispatch(
      f.id, [&]<class Entry>() __attribute__((always_inline)) {
        if (slope != nullptr)
          evaluate_both<Entry>(f, x, y, slope, n);
        else
          evaluate_value<Entry>(f, x, y, n);
      });
}

}  // namespace saltus::cpu::SALTUS_ISA
