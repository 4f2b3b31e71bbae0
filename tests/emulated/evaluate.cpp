// The switch over all activations, once for all kernels of a mode.
#include "tests/emulated/evaluate.h"

#include <cuda_runtime.h>

namespace saltus::kernels {

void (*evaluate_formula)(const ActivationRef& activation, const Evaluation& run) = nullptr;

void evaluate(const ActivationRef& activation, const Evaluation& run) {
  if (activation.id >= AllActivations::size)
    evaluate_formula(activation, run);
  else
    dispatch(activation.id, detail::Evaluate{activation, run});
}

}  // namespace saltus::kernels
