// The activations in ONNX's operators.
#pragma once

#include <saltus/activation.h>

#include "store/onnx_expression.h"

namespace saltus::store {

/// f(x) of an activation of the list: ONNX's own operator where opset 17 has one that means the
/// same, else the formula.
Expression onnx_listed(const kernels::ActivationRef& f, const Expression& x);

/// The same of any activation. Throws InvalidArgument for a C++ function; `layer` begins the
/// message.
Expression onnx_activation(const Activation& activation, const Expression& x,
                           std::string_view layer);

}  // namespace saltus::store
