// Mutations of safetensors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace saltus::fuzz {

/// Changes the JSON of the header, or that in a text of its metadata, and puts the header's length
/// right; mostly also the data, which then is what the shapes ask for. Now and then, and where
/// there is no header, bytes are changed.
std::size_t mutate_safetensors(std::uint8_t* data, std::size_t size, std::size_t max_size,
                               unsigned seed);

}  // namespace saltus::fuzz
