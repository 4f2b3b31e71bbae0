// Mutations of .npz files.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saltus::fuzz {

/// Changes bytes; mostly the checksums in the directory are put right then, so that what is behind
/// them is read.
std::size_t mutate_npz(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

}  // namespace saltus::fuzz
