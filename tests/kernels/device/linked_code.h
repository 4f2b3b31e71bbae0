// Code for kernels that are linked with it, in the emulation; for a GPU there is none here, and
// tests/engine/linked/gpu_test.cpp has the device run what the engine compiles.
#pragma once

#include <cuda_runtime_api.h>

#if defined(SALTUS_EMULATED_CUDA)

#include <utility>

#include "tests/emulated/evaluate.h"

namespace saltus::test {

/// f(x) = p0 x + p1 x^2 + p2, of which p3 has no part, by the number 3; losses y^2 t by the number
/// 4, and n y - t by those above. All of it is exact for small integers.
class Polynomials : public kernels::RunTimeCode {
 public:
  static constexpr int kLearned = 3;
  static constexpr int kLoss = 4;

  Polynomials() : before_(std::exchange(kernels::run_time_code, this)) {}
  Polynomials(const Polynomials&) = delete;
  Polynomials& operator=(const Polynomials&) = delete;
  ~Polynomials() override { kernels::run_time_code = before_; }

  void evaluate(const kernels::ActivationRef& /*activation*/,
                const kernels::Evaluation& run) override {
    for (int i = 0; i < run.count; ++i) run.values[i * run.value_step] = kUnknown;
  }
  float learned_value(int number, float x, const std::array<float, 4>& p) override {
    return number == kLearned ? p[0] * x + p[1] * x * x + p[2] : kUnknown;
  }
  kernels::formula::LearnedSlopes learned_slopes(int number, float x,
                                                 const std::array<float, 4>& p) override {
    if (number != kLearned) return {kUnknown, {}};
    return {p[0] + 2 * p[1] * x, {x, x * x, 1, 0}};
  }
  kernels::formula::LossTerm loss_term(int number, double y, double t) override {
    if (number == kLoss) return {y * y * t, 2 * y * t};
    return {number * y - t, 0};
  }

 private:
  static constexpr float kUnknown = 12345;

  kernels::RunTimeCode* before_;
};

}  // namespace saltus::test

#endif
