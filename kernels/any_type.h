// Arrays whose element type is known at run time only. In a bf16 network, whatever a matrix product
// reads is Bf16 and all else float, so the tensors of a rare layer come in every mixture of both;
// one kernel serves all, at the cost of a branch that is the same for a whole launch.
#pragma once

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/trial.h>

namespace saltus::kernels {

/// Whether all trials' arrays begin at a multiple of four elements: what vector accesses need.
/// Absent arrays do.
template <class T>
bool has_quads(const PerTrial<T>& array) {
  return reinterpret_cast<std::uintptr_t>(array.data) % (4 * sizeof(T)) == 0 &&
         array.stride % 4 == 0;
}

/// An input of floats or of Bf16. May be absent.
class AnyInput {
 public:
  AnyInput() = default;
  // Implicit, as one of the two is meant.  NOLINTBEGIN(google-explicit-constructor)
  SALTUS_HD AnyInput(PerTrial<const float> floats) : floats_(floats) {}
  SALTUS_HD AnyInput(PerTrial<const Bf16> halves) : halves_(halves) {}
  SALTUS_HD AnyInput(PerTrial<float> floats) : floats_(floats) {}
  SALTUS_HD AnyInput(PerTrial<Bf16> halves) : halves_(halves) {}
  // NOLINTEND(google-explicit-constructor)

  SALTUS_HD float load(int trial, std::int64_t i) const {
    return floats_ ? floats_[trial][i] : to_float(halves_[trial][i]);
  }

  /// One of the two is absent.
  SALTUS_HD const PerTrial<const float>& floats() const { return floats_; }
  SALTUS_HD const PerTrial<const Bf16>& halves() const { return halves_; }

 private:
  PerTrial<const float> floats_;
  PerTrial<const Bf16> halves_;
};

/// An output of floats or of Bf16. May be absent.
class AnyOutput {
 public:
  AnyOutput() = default;
  // NOLINTBEGIN(google-explicit-constructor): as above
  SALTUS_HD AnyOutput(PerTrial<float> floats) : floats_(floats) {}
  SALTUS_HD AnyOutput(PerTrial<Bf16> halves) : halves_(halves) {}
  // NOLINTEND(google-explicit-constructor)

  SALTUS_HD explicit operator bool() const { return floats_ || halves_; }

  SALTUS_HD void save(float value, int trial, std::int64_t i) const {
    if (floats_)
      floats_[trial][i] = value;
    else
      store(value, halves_[trial][i]);
  }

  /// One of the two is absent.
  SALTUS_HD const PerTrial<float>& floats() const { return floats_; }
  SALTUS_HD const PerTrial<Bf16>& halves() const { return halves_; }

 private:
  PerTrial<float> floats_;
  PerTrial<Bf16> halves_;
};

inline bool has_quads(const AnyInput& input) {
  return has_quads(input.floats()) && has_quads(input.halves());
}
inline bool has_quads(const AnyOutput& output) {
  return has_quads(output.floats()) && has_quads(output.halves());
}

}  // namespace saltus::kernels
