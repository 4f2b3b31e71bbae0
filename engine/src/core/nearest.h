#pragma once

#include <span>
#include <string>
#include <string_view>

namespace saltus {

/// The names nearest to `name` by edit distance (insertions, deletions, substitutions, swaps of
/// neighbours), at most three, as "a, b or c" in the order of nearness. Case does not count.
std::string nearest_names(std::string_view name, std::span<const std::string_view> known);

}  // namespace saltus
