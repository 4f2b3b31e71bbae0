// The switch over all activations, once for all kernels of a mode.
#include <cuda_runtime.h>

#include <saltus/kernels/elementwise/evaluate.h>

void saltus::kernels::evaluate(const ActivationRef& activation, const Evaluation& run) {
  dispatch(activation.id, detail::Evaluate{activation, run});
}
