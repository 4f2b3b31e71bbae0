// What is known of each piece of a stretch of memory.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <emulation/hooks.h>

#include "checker/accesses.h"

namespace saltus::emulation {

struct Cell {
  Accesses writes;
  Accesses reads;
  bool initialised = false;
  bool in_flight = false;  ///< a cp.async writes it
};

/// Cells of 4 bytes, of fewer from the first access on that touches a part of one.
class Shadow {
 public:
  /// For memory that nobody has touched.
  void cover(Range memory);

  [[nodiscard]] Range memory() const { return memory_; }
  [[nodiscard]] std::size_t cell_bytes() const { return std::size_t{1} << shift_; }

  /// The cells of a part of the memory.
  std::span<Cell> cells(Range part) {
    const auto offset = static_cast<std::size_t>(part.begin - memory_.begin);
    if (((offset | part.bytes) & (cell_bytes() - 1)) != 0) refine(offset | part.bytes);
    return {cells_.data() + (offset >> shift_), part.bytes >> shift_};
  }

 private:
  void refine(std::size_t boundaries);

  Range memory_;
  unsigned shift_ = 2;
  std::vector<Cell> cells_;
};

}  // namespace saltus::emulation
