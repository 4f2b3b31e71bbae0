// The trial axis: every kernel works on many models of one shape at once, each with its own arrays,
// activation, dropout and seed. A single model is a table of one.
#pragma once

#include <concepts>
#include <cstdint>

#include <saltus/kernels/activation_entry.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// One array for each trial, `stride` elements from one trial's to the next. May be absent.
template <class T>
struct PerTrial {
  T* data = nullptr;
  std::int64_t stride = 0;

  PerTrial() = default;
  SALTUS_HD PerTrial(T* first, std::int64_t elements) : data(first), stride(elements) {}
  template <class U>  // as pointers do
  requires std::same_as<T, const U> SALTUS_HD PerTrial(const PerTrial<U>& other)
      : data(other.data), stride(other.stride) {}

  /// The array of one trial; nullptr where there is none.
  SALTUS_HD T* operator[](int trial) const {
    return data == nullptr ? nullptr : data + trial * stride;
  }
  SALTUS_HD explicit operator bool() const { return data != nullptr; }
};

/// y = keep ? scale x + shift : dropped: the affine map of dropout and of AlphaDropout.
struct DropoutRule {
  std::uint32_t threshold = 0;  ///< drop_threshold(rate)
  float scale = 1;
  float shift = 0;
  float dropped = 0;
};

/// What changes while a trial is trained. Kernels read it; the update changes it.
struct TrialState {
  std::uint64_t seed = 0;
  std::uint32_t step = 0;    ///< optimizer steps done
  std::uint32_t active = 1;  ///< 0: the trial is left out
};

/// The rows that a step works on, the same for all trials.
struct BatchRange {
  std::uint32_t first = 0;   ///< place in the epoch's order of its first row
  std::uint32_t rows = 0;    ///< at most LaunchContext::max_rows
  std::uint32_t number = 0;  ///< counts batches: where its sums go
  std::uint32_t epoch = 0;   ///< counts epochs: which order
};

/// The table of trials. All pointers are to device memory, so that a captured launch reads what is
/// true when it runs.
struct Trials {
  int count = 0;
  TrialState* states = nullptr;                ///< [count]
  const BatchRange* batch = nullptr;           ///< one
  const ActivationRef* activations = nullptr;  ///< [count][activation_slots]
  const DropoutRule* dropouts = nullptr;       ///< [count][dropout_slots]
  int activation_slots = 0;
  int dropout_slots = 0;

  SALTUS_HD bool active(int trial) const { return states[trial].active != 0; }
  SALTUS_HD int rows() const { return static_cast<int>(batch->rows); }
  SALTUS_HD const ActivationRef& activation(int trial, int slot) const {
    return activations[trial * activation_slots + slot];
  }
  SALTUS_HD const DropoutRule& dropout(int trial, int slot) const {
    return dropouts[trial * dropout_slots + slot];
  }
};

}  // namespace saltus::kernels
