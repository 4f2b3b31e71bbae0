// Mutations that leave JSON be JSON.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saltus::fuzz {

/// Changes a few values, keys or elements of a JSON text; what is no JSON, and now and then what
/// is, has its bytes changed by libFuzzer.
std::size_t mutate_json(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

/// The same for a text of one JSON value a line; lines are also left out, doubled and swapped.
std::size_t mutate_json_lines(std::uint8_t* data, std::size_t size, std::size_t max_size,
                              unsigned seed);

}  // namespace saltus::fuzz
