// Formulas as ONNX expressions.
#pragma once

#include "formula/formula.h"
#include "store/onnx_activations.h"

namespace saltus::store {

/// The formula of x, operation by operation.
Expression onnx_formula(const formula::Formula& formula, const formula::ParameterValues& parameters,
                        const Expression& x);

}  // namespace saltus::store
