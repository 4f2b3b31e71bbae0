// Places in the running program, in few bytes.
#pragma once

#include <array>
#include <cstdint>

#include <emulation/device/site.h>

namespace saltus::emulation {

/// The instruction that called.
std::uint32_t code_of(const void* return_address);
std::uint32_t code_of(Site site);

/// "file.cu:12"; "program+0x1234" where addr2line does not know. Starts a process: for reports.
std::array<char, 96> place_of_code(std::uint32_t code);

}  // namespace saltus::emulation
