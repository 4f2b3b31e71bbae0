// Mutations of what gzip holds.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saltus::fuzz {

/// Changes the bytes inside of gzip, or of the file as it stands; packs them into one member or
/// two, with zeros behind them or without.
std::size_t mutate_gzip(std::uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed);

}  // namespace saltus::fuzz
