#include "backend/cpu/loops/evaluate.h"

#include "backend/cpu/loops/formula.h"
#include "graph/custom_activation.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

// The loops of an entry with parameters are there twice, once with its defaults as constants: what
// other parameters need (an infinity times 0, the digits of an angle) costs the defaults nothing.
template <class Entry, bool defaults>
kernels::Parameters<float> parameters_of(const kernels::ActivationRef& ref) {
  if constexpr (defaults) {
    constexpr auto known = kernels::defaults<float>(Entry::traits);
    return known;
  } else {
    return kernels::parameters_of<float>(ref);
  }
}

template <class Entry>
bool has_defaults(const kernels::ActivationRef& ref) {
  const auto known = parameters_of<Entry, true>(ref);
  constexpr std::size_t count = Entry::traits.parameters.size();
  bool equal = true;
  for (std::size_t i = 0; i < count; ++i) equal = equal && ref.parameters[i] == known.values[i];
  return equal;
}

// One function for each entry, not inlined into the switch: registers are dealt out better.
template <class Entry, bool defaults>
[[gnu::noinline]] void evaluate_both(const kernels::ActivationRef& ref, const float* x, float* y,
                                     float* slope, std::int64_t n) {
  const auto parameters = parameters_of<Entry, defaults>(ref);
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) {
    const float at = x[i];
    y[i] = Entry::f(at, parameters);
    slope[i] = Entry::df(at, parameters);
  }
}

template <class Entry, bool defaults>
[[gnu::noinline]] void evaluate_value(const kernels::ActivationRef& ref, const float* x, float* y,
                                      std::int64_t n) {
  const auto parameters = parameters_of<Entry, defaults>(ref);
  SALTUS_INDEPENDENT
  for (std::int64_t i = 0; i < n; ++i) y[i] = Entry::f(x[i], parameters);
}

template <class Entry, bool defaults>
void evaluate_entry(const kernels::ActivationRef& f, const float* x, float* y, float* slope,
                    std::int64_t n) {
  if (slope != nullptr)
    evaluate_both<Entry, defaults>(f, x, y, slope, n);
  else
    evaluate_value<Entry, defaults>(f, x, y, n);
}

}  // namespace

void evaluate(const kernels::ActivationRef& f, const float* x, float* y, float* slope,
              std::int64_t n) {
  if (is_custom_activation(f.id)) {
    if (const formula::Formula* formula = find_formula(f.id))
      evaluate_formula(formula::ready(*formula, f.parameters), x, y, slope, n);
    else
      evaluate_custom_activation(f.id, x, y, slope, n);
    return;
  }
  kernels::dispatch(
      f.id, [&]<class Entry>() __attribute__((always_inline)) {
        constexpr bool has_parameters = Entry::traits.fast_defaults;
        if (has_parameters && has_defaults<Entry>(f))
          evaluate_entry<Entry, has_parameters>(f, x, y, slope, n);
        else
          evaluate_entry<Entry, false>(f, x, y, slope, n);
      });
}

}  // namespace saltus::cpu::SALTUS_ISA
