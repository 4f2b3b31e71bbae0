#include "formula/evaluate.h"

#include <saltus/kernels/activations.h>

namespace saltus::formula {

double evaluate_listed(const kernels::ActivationRef& f, bool slope, double x) {
  const auto parameters = kernels::parameters_of<double>(f);
  double result = 0;
  kernels::dispatch(f.id, [&]<class Entry>() {
    result = slope ? Entry::df(x, parameters) : Entry::f(x, parameters);
  });
  return result;
}

}  // namespace saltus::formula
