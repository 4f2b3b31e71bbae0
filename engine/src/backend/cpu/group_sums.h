#pragma once

#include <algorithm>

#include "backend/cpu/op.h"

namespace saltus::cpu {

/// Sums over a batch that slices contribute to: one sum a group, added up in the groups' order, so
/// that the result does not depend on which worker took which slice when.
class GroupSums {
 public:
  GroupSums() = default;
  explicit GroupSums(std::int64_t size) : size_(size), sums_(size, kGroups * sizeof(float)) {}

  float* of(int group) const { return sums_.as<float>() + group * size_; }
  std::int64_t size() const { return size_; }

  /// Adds what a slice found to its group's sum.
  void add(const Slice& slice, const float* values) const {
    float* sum = of(slice.group);
    for (std::int64_t i = 0; i < size_; ++i) sum[i] += values[i];
  }

  /// The sum of all groups, which is left in the first one's place.
  const float* total(const Run& run) const {
    for (int group = 1; group < run.groups; ++group) {
      const float* values = of(group);
      for (std::int64_t i = 0; i < size_; ++i) of(0)[i] += values[i];
    }
    return of(0);
  }

 private:
  std::int64_t size_ = 0;
  Buffer sums_;
};

}  // namespace saltus::cpu
