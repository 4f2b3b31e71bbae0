// Names of the values of an enumeration.
#pragma once

#include <string_view>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/nearest.h>

namespace saltus {

/// A value of an enumeration and what it is called.
template <typename Enum>
struct Named {
  Enum value;
  std::string_view name;
};

/// The name of a value that a table holds.
template <typename Enum, std::size_t count>
std::string_view name_in(const Named<Enum> (&table)[count], Enum value) {
  for (const Named<Enum>& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return {};
}

/// The value of that name. Throws InvalidArgument with the names that are near, or all.
template <typename Enum, std::size_t count>
Enum parse_in(const Named<Enum> (&table)[count], std::string_view what, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Named<Enum>& entry : table) {
    if (entry.name == name) return entry.value;
    known.push_back(entry.name);
  }
  throw InvalidArgument(fmt::format("unknown {} '{}'{}", what, name, suggestion(name, known)));
}

}  // namespace saltus
