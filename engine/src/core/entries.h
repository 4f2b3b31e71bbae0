// Lists whose entries are structs with a name and parameters (kernels/entry.h), as texts and JSON.
// A value is a std::variant of them.
#pragma once

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/kernels/entry.h>
#include <saltus/nearest.h>

#include "core/json.h"
#include "core/named_values.h"
#include "core/names.h"

namespace saltus {

/// Every entry with its defaults, in the order of the list.
template <class List>
std::vector<List> usual_entries() {
  return []<class... E>(std::type_identity<std::variant<E...>> /*all*/) {
    return std::vector<List>{E()...};
  }(std::type_identity<List>());
}

template <class List>
std::string_view entry_name(const List& entry) {
  return std::visit([](const auto& e) { return e.kName; }, entry);
}

/// The entry of that name with its defaults. Throws InvalidArgument with what is near.
template <class List>
List usual_entry(std::string_view what, std::string_view name) {
  std::vector<std::string_view> names;
  for (const List& entry : usual_entries<List>()) {
    names.push_back(entry_name(entry));
    if (names.back() == name) return entry;
  }
  throw InvalidArgument(fmt::format("unknown {} '{}'{}", what, name, suggestion(name, names)));
}

namespace detail {

/// Calls visit(number) with a value, or with each of a list.
template <class T, class Visit>
void for_numbers(const T& value, Visit visit) {
  if constexpr (std::is_arithmetic_v<T>) {
    visit(value);
  } else if constexpr (!std::is_enum_v<T>) {
    for (const double one : value) visit(one);
  }
}

/// A list as "1/0.1"; an enumeration by the table names_of(value), which stands beside it.
template <class T>
std::string text_of_value(const T& value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return fmt::format("{}", value);
  } else if constexpr (std::is_enum_v<T>) {
    return std::string(name_in(names_of(value), value));
  } else {
    return fmt::format("{}", fmt::join(value, "/"));
  }
}

}  // namespace detail

/// Throws InvalidArgument where a parameter is out of range, or legal ones are in conflict.
template <class List>
void validate_entry(const List& entry) {
  std::visit(
      []<class E>(const E& e) {
        kernels::for_parameters<E>([&](const auto& parameter) {
          detail::for_numbers(e.*parameter.member, [&](const auto value) {
            if (parameter.legal.contains(static_cast<double>(value))) return;
            throw InvalidArgument(fmt::format("{} is {}, but must be {}", parameter.name, value,
                                              parameter.legal.words));
          });
        });
        const std::string_view conflict = kernels::conflict_of(e);
        if (!conflict.empty()) throw InvalidArgument(std::string(conflict));
      },
      entry);
}

/// The parameters that are not usual, but for the one named `beside`: each behind `before`.
template <class List>
std::string values_of(const List& entry, std::string_view before, std::string_view beside = {}) {
  std::string text;
  std::visit(
      [&]<class E>(const E& e) {
        kernels::for_parameters<E>([&](const auto& parameter) {
          const auto& value = e.*parameter.member;
          if (parameter.name == beside || value == E().*parameter.member) return;
          text += fmt::format("{}{}={}", before, parameter.name, detail::text_of_value(value));
        });
      },
      entry);
  return text;
}

namespace detail {

inline bool read(std::string_view text, bool& value) {
  value = text == "true";
  return value || text == "false";
}
inline bool read(std::string_view text, double& value) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && stop == text.data() + text.size();
}
inline bool read(std::string_view text, std::vector<double>& values) {
  values.clear();
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    if (!read(text.substr(begin, end - begin), values.emplace_back())) return false;
    begin = end + 1;
  }
  return true;
}
inline void read(const ReadJson& json, bool& value) {
  value = flag(json);
}
inline void read(const ReadJson& json, double& value) {
  value = real(json);
}

/// Sets the parameter of that name.
template <class E>
void set(std::string_view what, E& entry, std::string_view name, std::string_view text) {
  std::vector<std::string_view> known;
  bool found = false;
  kernels::for_parameters<E>([&](const auto& parameter) {
    known.push_back(parameter.name);
    if (parameter.name != name) return;
    found = true;
    auto& value = entry.*parameter.member;
    using Value = std::remove_cvref_t<decltype(value)>;
    if constexpr (std::is_enum_v<Value>) {
      value = parse_in(names_of(value), fmt::format("{} of {}", name, E::kName), text);
    } else {
      if (read(text, value)) return;
      const std::string_view kind = std::is_same_v<Value, bool>     ? "true or false"
                                    : std::is_same_v<Value, double> ? "a number"
                                                                    : "numbers as in 1/0.1";
      throw InvalidArgument(fmt::format("parameter {} of {} {} must be {}, not '{}'", name, what,
                                        E::kName, kind, text));
    }
  });
  if (found) return;
  if (known.empty()) {
    throw InvalidArgument(
        fmt::format("{} {} has no parameters, '{}' was given", what, E::kName, name));
  }
  throw InvalidArgument(
      fmt::format("{} {} has no parameter '{}'{}", what, E::kName, name, suggestion(name, known)));
}

}  // namespace detail

/// "name:parameter=value:...": what is not given has its default. Throws InvalidArgument, with
/// `example` where the text is no such text; whoever calls validates.
template <class List>
List parse_entry(std::string_view what, std::string_view text, std::string_view example) {
  const NamedValues parts = named_values(text, example);
  List entry = usual_entry<List>(what, parts.name);
  for (const auto& [name, value] : parts.values) {
    std::visit([&, &name = name, &value = value](auto& e) { detail::set(what, e, name, value); },
               entry);
  }
  return entry;
}

/// {"name": ..., parameter: value, ...}
template <class List>
Json json_of_entry(const List& entry) {
  return std::visit(
      []<class E>(const E& e) {
        Json json = {{"name", E::kName}};
        kernels::for_parameters<E>([&](const auto& parameter) {
          json[std::string(parameter.name)] = e.*parameter.member;
        });
        return json;
      },
      entry);
}

/// What json_of_entry() wrote, out of an object that may have more members.
template <class List>
List entry_of(std::string_view what, Members& members) {
  List entry = usual_entry<List>(what, members.at("name").get_ref<const std::string&>());
  std::visit(
      [&]<class E>(E& e) {
        kernels::for_parameters<E>([&](const auto& parameter) {
          detail::read(members.at(std::string(parameter.name)), e.*parameter.member);
        });
      },
      entry);
  return entry;
}

}  // namespace saltus
