#pragma once

#include <saltus/export.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Help for whoever has mistyped a name; for programs above the library, too.
namespace saltus {

/// The known names that `name` may have been meant for, nearest first, at most three. Near
/// are names within an edit distance (insertions, deletions, substitutions, swaps of neighbours) of
/// a third of the length, from one to three; those that `name` begins; and those whose words have
/// `name` as their initials. Case does not count.
SALTUS_API std::vector<std::string_view> nearest_names(std::string_view name,
                                                       std::span<const std::string_view> known);

/// How an error that refuses `name` goes on: ": did you mean a or b?", or, where no name is near,
/// ": choose a, b or c" of a short list and nothing of a long one.
SALTUS_API std::string suggestion(std::string_view name, std::span<const std::string_view> known);

/// "a, b or c"
SALTUS_API std::string either(std::span<const std::string_view> names);

}  // namespace saltus
