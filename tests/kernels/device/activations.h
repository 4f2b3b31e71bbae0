// Activations in tests of kernels.
#pragma once

#include <vector>

#include <saltus/kernels/activations.h>

namespace saltus::test {

/// Every entry of the list with its default parameters, in the list's order.
inline std::vector<kernels::ActivationRef> all_activations() {
  std::vector<kernels::ActivationRef> refs;
  const auto append = [&refs]<class A>() {
    kernels::ActivationRef ref;
    ref.id = kernels::kActivationId<A>;
    const auto p = kernels::defaults<float>(A::traits);
    for (std::size_t i = 0; i < kernels::kMaxParameters; ++i) ref.parameters[i] = p.values[i];
    refs.push_back(ref);
  };
  for (int id = 0; id < kernels::AllActivations::size; ++id) kernels::dispatch(id, append);
  return refs;
}

/// f and f' of some values.
struct Evaluated {
  std::vector<double> y, slope;
};

/// As the list's functions give them in float: what kernels must match to the bit.
inline Evaluated evaluate(const kernels::ActivationRef& activation, const std::vector<float>& z) {
  Evaluated result;
  kernels::dispatch(activation.id, [&]<class A>() {
    const auto p = kernels::parameters_of<float>(activation);
    for (const float x : z) {
      result.y.push_back(double{A::f(x, p)});
      result.slope.push_back(double{A::df(x, p)});
    }
  });
  return result;
}

}  // namespace saltus::test
