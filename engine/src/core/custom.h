// What custom losses and metrics have in common.
#pragma once

#include <algorithm>
#include <span>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus {

/// Throws InvalidArgument unless `name` can be the name of something new beside those taken.
inline void check_custom(std::string_view what, std::string_view name,
                         std::span<const std::string_view> taken, bool has_function) {
  if (name.empty()) throw InvalidArgument(fmt::format("a custom {} needs a name", what));
  if (std::ranges::find(taken, name) != taken.end()) {
    throw InvalidArgument(
        fmt::format("there is a {} {} already; give yours another name", what, name));
  }
  if (!has_function) throw InvalidArgument(fmt::format("{} {} has no function", what, name));
}

}  // namespace saltus
