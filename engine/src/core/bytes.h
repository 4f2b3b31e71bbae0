// Numbers as bytes of files.
#pragma once

#include <concepts>
#include <string>

namespace saltus {

/// The bytes of a number, the lowest first, behind `bytes`.
template <std::unsigned_integral T>
void append_little_endian(std::string& bytes, T number) {
  for (std::size_t byte = 0; byte < sizeof number; ++byte) {
    bytes += static_cast<char>(number >> (8 * byte) & 0xFF);
  }
}

}  // namespace saltus
