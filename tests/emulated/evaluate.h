// How emulated kernels evaluate what is compiled at run time: by what is set here.
#pragma once

#include <array>

#include <saltus/kernels/elementwise/evaluate.h>

namespace saltus::kernels {

/// Everything that kernels/formula/linked.h has the kernels call.
class RunTimeCode {
 public:
  virtual ~RunTimeCode() = default;
  virtual void evaluate(const ActivationRef& activation, const Evaluation& run) = 0;
  virtual float learned_value(int number, float x, const std::array<float, 4>& parameters) = 0;
  virtual formula::LearnedSlopes learned_slopes(int number, float x,
                                                const std::array<float, 4>& parameters) = 0;
  virtual formula::LossTerm loss_term(int number, double y, double t) = 0;
};

extern RunTimeCode* run_time_code;

/// What is told to emulation::tally(): the values and slopes that a thread evaluates.
inline constexpr char kValues = 0;
inline constexpr char kSlopes = 0;

}  // namespace saltus::kernels
