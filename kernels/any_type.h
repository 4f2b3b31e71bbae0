// Arrays whose element type is known at run time only. In a bf16 network, whatever a matrix product
// reads is Bf16 and all else float, so the tensors of a rare layer come in every mixture of both;
// one kernel serves all, at the cost of a branch that is the same for a whole launch.
#pragma once

#include "kernels/bfloat16.h"
#include "kernels/trial.h"

namespace saltus::kernels {

/// An input of floats or of Bf16. May be absent.
class AnyInput {
 public:
  AnyInput() = default;
  // Implicit, as one of the two is meant.  NOLINTBEGIN(google-explicit-constructor)
  AnyInput(PerTrial<const float> floats) : floats_(floats) {}
  AnyInput(PerTrial<const Bf16> halves) : halves_(halves) {}
  AnyInput(PerTrial<float> floats) : floats_(floats) {}
  AnyInput(PerTrial<Bf16> halves) : halves_(halves) {}
  // NOLINTEND(google-explicit-constructor)

  SALTUS_HD float load(int trial, std::int64_t i) const {
    return floats_ ? floats_[trial][i] : to_float(halves_[trial][i]);
  }

 private:
  PerTrial<const float> floats_;
  PerTrial<const Bf16> halves_;
};

/// An output of floats or of Bf16. May be absent.
class AnyOutput {
 public:
  AnyOutput() = default;
  // NOLINTBEGIN(google-explicit-constructor): as above
  AnyOutput(PerTrial<float> floats) : floats_(floats) {}
  AnyOutput(PerTrial<Bf16> halves) : halves_(halves) {}
  // NOLINTEND(google-explicit-constructor)

  SALTUS_HD explicit operator bool() const { return floats_ || halves_; }

  SALTUS_HD void save(float value, int trial, std::int64_t i) const {
    if (floats_)
      floats_[trial][i] = value;
    else
      store(value, halves_[trial][i]);
  }

 private:
  PerTrial<float> floats_;
  PerTrial<Bf16> halves_;
};

}  // namespace saltus::kernels
