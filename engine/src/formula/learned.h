// An activation with parameters that training changes: programs that take these from arrays.
#pragma once

#include "formula/listed.h"

namespace saltus::formula {

class LearnedFormula;

/// What the loops see of one, with the parameters of a layer.
struct LearnedRun {
  const LearnedFormula* formula;
  ProgramView program;
  const float* parameters[kernels::kMaxParameters];
  bool is_learned[kernels::kMaxParameters];
  bool by_channel[kernels::kMaxParameters];  ///< whether it is an array of one for each channel
  std::int64_t channels;
};

class LearnedFormula {
 public:
  /// f written out, and what is learned of it. Throws InvalidArgument where it would need more room
  /// than the loops have.
  LearnedFormula(Expanded written, const EachLearned& learned);

  [[nodiscard]] const Graph& graph() const { return graph_; }
  [[nodiscard]] Id value() const { return value_; }
  [[nodiscard]] const Derivatives& derivatives() const { return derivatives_; }

  /// For f, and for its derivatives.
  [[nodiscard]] const Program& value_program() const { return value_program_; }
  [[nodiscard]] const Program& derivative_program() const { return derivative_program_; }

 private:
  Graph graph_;
  Id value_;
  Derivatives derivatives_;
  Program value_program_;
  Program derivative_program_;
};

/// f and its derivatives at one x with these parameters, in double: for where floats overflow on
/// the way. Derivatives by parameters that are not learned are 0.
struct LearnedPoint {
  float value = 0;
  float slope = 0;
  float by_parameter[kernels::kMaxParameters] = {};
};
LearnedPoint learned_point(const LearnedFormula& formula, float x,
                           const ParameterValues& parameters);

/// The same, with the parameters of a channel.
LearnedPoint learned_point(const LearnedRun& run, float x, std::int64_t channel);

}  // namespace saltus::formula
