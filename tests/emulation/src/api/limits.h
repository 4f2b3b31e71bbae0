// The limits of the device.
#pragma once

#include <cstddef>

namespace saltus::emulation {

inline constexpr int kThreadsMost = 1024;              // of a block
inline constexpr std::size_t kSharedFree = 48 * 1024;  // bytes, without cudaFuncSetAttribute

/// The same with it, on the device at hand: from the CUDA Programming Guide, "Technical
/// Specifications per Compute Capability".
std::size_t shared_most();

}  // namespace saltus::emulation
