// What a target is: libFuzzer calls these, and so does replay.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include <saltus/error.h>

/// Gives one input to a reader. Whatever leaves it but a DataError, and what does not hold of an
/// input that it takes, ends the program.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

/// Changes an input in place and returns its new size, at most `max_size`.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed);

/// libFuzzer's own mutations of bytes.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace saltus::fuzz {

/// assert() in every build.
inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace saltus::fuzz
