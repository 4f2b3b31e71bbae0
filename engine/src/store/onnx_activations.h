// The activations in ONNX's operators.
#pragma once

#include <saltus/activation.h>

#include "store/onnx_expression.h"

namespace saltus::store {

/// f(x): ONNX's own operator where opset 17 has one that means the same, else the formula. Throws
/// InvalidArgument for an activation without either; `layer` begins the message.
Expression onnx_activation(const Activation& activation, const Expression& x,
                           std::string_view layer);

}  // namespace saltus::store
