// Arithmetic that becomes nodes of an ONNX graph.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "store/onnx_graph.h"

namespace saltus::store {

/// A tensor of an ONNX graph, or a number. What operators and functions give is a tensor of the
/// graph that their arguments belong to; one of them at least must be a tensor.
class Expression {
 public:
  Expression(double number) : number_(static_cast<float>(number)) {}
  Expression(OnnxGraph& graph, std::string value) : graph_(&graph), value_(std::move(value)) {}

  /// A tensor, by its value's name in the graph.
  [[nodiscard]] const std::string& value() const { return value_; }

  friend Expression apply(std::string_view op, std::initializer_list<Expression> arguments,
                          OnnxAttributes attributes);

 private:
  OnnxGraph* graph_ = nullptr;
  std::string value_;
  float number_ = 0;
};

/// ONNX's operator `op`.
Expression apply(std::string_view op, std::initializer_list<Expression> arguments,
                 OnnxAttributes attributes = {});

}  // namespace saltus::store
