#include "store/onnx_expression.h"

#include <vector>

namespace saltus::store {

Expression apply(std::string_view op, std::initializer_list<Expression> arguments,
                 OnnxAttributes attributes) {
  OnnxGraph* graph = nullptr;
  for (const Expression& argument : arguments) {
    if (argument.graph_ != nullptr) graph = argument.graph_;
  }
  std::vector<std::string> inputs;
  for (const Expression& argument : arguments) {
    inputs.push_back(argument.graph_ != nullptr ? argument.value_
                                                : graph->scalar(argument.number_));
  }
  return {*graph, graph->node(op, std::move(inputs), std::move(attributes))};
}

}  // namespace saltus::store
