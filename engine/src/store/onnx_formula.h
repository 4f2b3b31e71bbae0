// Formulas as ONNX expressions.
#pragma once

#include <span>

#include "formula/graph.h"
#include "store/onnx_activations.h"

namespace saltus::store {

/// A node of x and these parameters, operation by operation.
Expression onnx_formula(const formula::Graph& graph, formula::Id root,
                        std::span<const Expression> parameters, const Expression& x);

}  // namespace saltus::store
