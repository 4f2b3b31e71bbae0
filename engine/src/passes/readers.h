// Who reads a tensor, for passes that let it go.
#pragma once

#include <vector>

#include "plan/program.h"

namespace saltus::passes {

/// Whether one step alone reads it, and it is not the output: of plan::count_readers().
inline bool is_read_once(const std::vector<int>& readers, plan::TensorId id) {
  return readers[static_cast<std::size_t>(id)] == 1;
}

}  // namespace saltus::passes
