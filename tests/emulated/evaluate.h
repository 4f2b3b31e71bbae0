// How emulated kernels evaluate formulas: by the engine, which sets this where a run has any.
#pragma once

#include <saltus/kernels/elementwise/evaluate.h>

namespace saltus::kernels {

extern void (*evaluate_formula)(const ActivationRef& activation, const Evaluation& run);

}  // namespace saltus::kernels
