// Which kernels the program holds, and what was said of each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace saltus::emulation {

struct KernelRecord {
  std::string name;
  std::uint64_t launches = 0;
  std::size_t dynamic_shared_limit = 0;  ///< cudaFuncSetAttribute's; 0: not set
};

/// The record of a kernel; nullptr where no launch(...) in the program names it.
KernelRecord* find_kernel(const void* kernel);

}  // namespace saltus::emulation
