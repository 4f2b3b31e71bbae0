// What formulas are compiled and linked with at run time, as it lies in the program.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace saltus::kernels::formula {

/// Most registers of what is linked with the kernels: so many has the one of them with the fewest,
/// for the sake of how many of its blocks a multiprocessor holds.
inline constexpr int kMostRegisters = 64;

/// Relocatable code of the kernels that evaluate activations and of kernels/formula/linked.h, for
/// all architectures of this build: fatbinaries of nvcc.
std::vector<std::string_view> linkable_code();

/// A header by the name that #include has.
struct Header {
  const char* name;
  std::string_view text;
};

/// kernels/formula/run.h and all that it includes; of the standard library no more than they use.
std::span<const Header> formula_headers();

}  // namespace saltus::kernels::formula
