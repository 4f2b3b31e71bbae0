// What an output of a network adds to a loss or a metric, as a formula of the output y and its
// target t.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "formula/definition.h"
#include "formula/program.h"

namespace saltus::formula {

class LossFormula {
 public:
  /// `definition` is one of kLossVariables. Throws InvalidArgument where it would need more room
  /// than the loops have.
  explicit LossFormula(Definition definition);

  /// All of it, however it was spaced.
  [[nodiscard]] const std::string& text() const { return text_; }
  /// Its name, or the formula where it has none.
  [[nodiscard]] const std::string& name() const { return name_; }
  /// The derivative by y as text.
  [[nodiscard]] const std::string& slope_text() const { return slope_text_; }
  /// Whether y has a part in it.
  [[nodiscard]] bool has_output() const { return has_output_; }

  /// For the formula alone, and for it and its derivative by y. Parameters are constants there.
  [[nodiscard]] const Program& value_program() const { return value_program_; }
  [[nodiscard]] const Program& program() const { return program_; }

 private:
  struct Compiled;
  LossFormula(const Definition& definition, const Compiled& compiled);

  std::string text_;
  std::string name_;
  std::string slope_text_;
  bool has_output_;
  Program value_program_;
  Program program_;
};

/// Runs such formulas, in double. One thread at a time.
class LossLoop {
 public:
  /// Writes the value for each of n outputs, and the derivative by it where `slope` is not null.
  void run(const LossFormula& formula, const double* y, const double* t, double* value,
           double* slope, std::int64_t n);

 private:
  std::vector<double> room_;  ///< blocks by slots
};

}  // namespace saltus::formula
