// When tensors are needed.
#pragma once

#include <algorithm>
#include <limits>
#include <vector>

#include "plan/program.h"

namespace saltus::plan {

/// From a tensor's first write to its last read, in numbers of steps or of what else counts.
struct Lifetime {
  int first = std::numeric_limits<int>::max();
  int last = -1;  ///< below 0: it does not live at all

  void include(int position) {
    first = std::min(first, position);
    last = std::max(last, position);
  }
  bool lives() const { return last >= 0; }
  bool overlaps(const Lifetime& other) const { return first <= other.last && other.first <= last; }
};

/// By tensor, for those with rows; the rest do not live. Slices of a segment are at different steps
/// at any time, so what they share of the batch lives for whole segments. The program's output
/// outlives its steps.
std::vector<Lifetime> lifetimes(const Program& program);

}  // namespace saltus::plan
