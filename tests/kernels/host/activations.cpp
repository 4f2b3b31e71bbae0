#include "tests/kernels/host/activations.h"

#include <saltus/kernels/activations.h>

namespace saltus::test {

std::vector<kernels::ActivationRef> all_activations() {
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

std::string_view name_of(const kernels::ActivationRef& activation) {
  std::string_view name;
  kernels::dispatch(activation.id, [&name]<class A>() { name = A::traits.name; });
  return name;
}

kernels::Shape pooled_shape_of(const kernels::ActivationRef& activation) {
  kernels::Shape shape = kernels::Shape::other;
  kernels::dispatch(activation.id, [&]<class A>() {
    if (!A::traits.surrogate_slope) shape = A::shape(kernels::parameters_of<float>(activation));
  });
  return shape;
}

Evaluated evaluate(const kernels::ActivationRef& activation, const std::vector<float>& z) {
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
