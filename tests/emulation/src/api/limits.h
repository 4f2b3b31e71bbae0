// The limits of the device: the least of those of the GPUs that the kernels are compiled for.
#pragma once

#include <cstddef>

namespace saltus::emulation {

inline constexpr int kThreadsMost = 1024;              // of a block
inline constexpr std::size_t kSharedFree = 48 * 1024;  // bytes, without cudaFuncSetAttribute
inline constexpr std::size_t kSharedMost = 99 * 1024;  // bytes, with it, on sm_86 and sm_89

}  // namespace saltus::emulation
