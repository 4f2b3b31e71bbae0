// An activation that a formula defines, made ready for use.
#pragma once

#include <cstdint>
#include <string>

#include "formula/definition.h"
#include "formula/program.h"

namespace saltus::formula {

/// f and f' at a point.
struct Point {
  float value = 0;
  float slope = 0;
};

class Formula {
 public:
  /// Throws InvalidArgument where it would need more room than the loops have.
  explicit Formula(Definition definition);
  [[nodiscard]] const Definition& definition() const { return definition_; }

  /// No other formula has the same, even after this one is gone.
  [[nodiscard]] std::uint64_t number() const { return number_; }

  /// The simplified formula, its derivative among its nodes.
  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] Id value() const { return value_; }
  [[nodiscard]] Id slope() const { return slope_; }

  /// The derivative as text.
  [[nodiscard]] std::string slope_text() const {
    return text_of(graph_, slope_, definition_.parameters);
  }

  /// For f alone, and for f and f'.
  [[nodiscard]] const Program& value_program() const { return value_program_; }
  [[nodiscard]] const Program& program() const { return program_; }

 private:
  std::uint64_t number_;
  Definition definition_;
  Graph graph_;
  Id value_;
  Id slope_;
  Program value_program_;
  Program program_;
};

}  // namespace saltus::formula
