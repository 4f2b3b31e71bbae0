#include "checker/shadow.h"

#include <bit>
#include <utility>

namespace saltus::emulation {

void Shadow::cover(Range memory) {
  if (memory.begin != memory_.begin || memory.bytes != memory_.bytes) shift_ = 2;
  memory_ = memory;
  cells_.assign((memory.bytes >> shift_) + 1, Cell{});
}

/// `boundaries`: a number that every boundary of the access is a multiple of where it is a power
/// of two.
void Shadow::refine(std::size_t boundaries) {
  // The time limit's signal must not leave this stack while memory is allocated.
  const bool in_kernel = std::exchange(position.in_kernel, false);
  const auto shift = static_cast<unsigned>(std::countr_zero(boundaries));
  std::vector<Cell> fine((memory_.bytes >> shift) + 1);
  for (std::size_t i = 0; i < fine.size(); ++i) fine[i] = cells_[i >> (shift_ - shift)];
  cells_ = std::move(fine);
  shift_ = shift;
  position.in_kernel = in_kernel;
}

}  // namespace saltus::emulation
