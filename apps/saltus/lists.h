// Options that take a number, or a list: "1e-3,1e-4".
#pragma once

#include <CLI/CLI.hpp>
#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <saltus/activation.h>
#include <saltus/dataset.h>
#include <saltus/error.h>
#include <saltus/initializer.h>
#include <saltus/loss.h>
#include <saltus/optimizer.h>
#include <saltus/schedule.h>
#include <saltus/sweep.h>

namespace saltus::app {

/// Where the item that begins at `begin` ends: at a comma that is in no bracket, or at the end.
inline std::size_t end_of_item(std::string_view text, std::size_t begin) {
  int depth = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '(' || text[i] == '[') ++depth;
    if (text[i] == ')' || text[i] == ']') --depth;
    if (text[i] == ',' && depth <= 0) return i;
  }
  return text.size();
}

/// The items between commas, without spaces around them. Throws InvalidArgument if one is empty.
inline std::vector<std::string_view> split_list(std::string_view option, std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = end_of_item(text, begin);
    const std::string_view item = text.substr(begin, end - begin);
    const std::size_t first = item.find_first_not_of(' ');
    if (first == std::string_view::npos)
      throw InvalidArgument(fmt::format("{}: an item of '{}' is empty", option, text));
    parts.push_back(item.substr(first, item.find_last_not_of(' ') + 1 - first));
    begin = end + 1;
  }
  return parts;
}

/// The number that a text is, all of it, in every locale. Throws InvalidArgument.
template <class T>
T parse_number(std::string_view option, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    throw InvalidArgument(fmt::format("{}: {} is out of range", option, text));
  }
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InvalidArgument(fmt::format("{}: '{}' is not {}", option, text,
                                      std::is_integral_v<T> ? "a whole number" : "a number"));
  }
  return value;
}

/// An option that is one number, and not converted by CLI11, which asks the locale.
template <class T>
CLI::Option* add_number(CLI::App& command, const std::string& name, T& value,
                        const std::string& help) {
  return command
      .add_option_function<std::string>(
          name, [name, &value](const std::string& text) { value = parse_number<T>(name, text); },
          help)
      ->default_str(fmt::format("{}", value));
}

/// The items of a list of numbers. Throws InvalidArgument if a comma looks like one inside a
/// number: "0,001" and "1,024" are no lists that anybody means. A 0 that is meant is written 0.0.
template <class T>
std::vector<std::string_view> split_numbers(std::string_view option, std::string_view text) {
  std::vector<std::string_view> parts = split_list(option, text);
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const std::string_view before = parts[i - 1];
    const std::string_view after = parts[i];
    const bool zero =
        std::is_floating_point_v<T> && (before == "0" || (after == "0" && i + 1 == parts.size()));
    if (!zero && !(after.size() > 1 && after[0] == '0' && after[1] >= '0' && after[1] <= '9')) {
      continue;
    }
    throw InvalidArgument(
        fmt::format("{}: '{}' is read as a list with {} and {} in it: if that is one number, write "
                    "{}{}{}{}",
                    option, text, before, after, before, std::is_integral_v<T> ? "" : ".", after,
                    zero ? "; if it is two, write 0.0 for the 0" : ""));
  }
  return parts;
}

/// A list of numbers.
template <class T>
std::vector<T> parse_numbers(std::string_view option, std::string_view text) {
  std::vector<T> values;
  for (const std::string_view part : split_numbers<T>(option, text)) {
    values.push_back(parse_number<T>(option, part));
  }
  return values;
}

/// "mnist|fashion-mnist": the data sets that have a name, as the value of an option.
inline std::string dataset_names() {
  std::string names;
  for (const KnownDataset& known : known_datasets()) {
    names.append(names.empty() ? "" : "|").append(known.name);
  }
  return names;
}

/// A list of activations, or "all".
inline std::vector<Activation> parse_activations(std::string_view option, std::string_view text) {
  std::vector<Activation> activations;
  if (text == "all") {
    for (const ActivationInfo& info : activation_list()) {
      activations.push_back(Activation::parse(info.name));
    }
    return activations;
  }
  for (const std::string_view part : split_list(option, text)) {
    const bool is_number = part.find_first_not_of("0123456789") == std::string_view::npos;
    if (!activations.empty() && is_number) {
      throw InvalidArgument(
          fmt::format("{}: '{}' is read as a list with {} in it, which is no activation: a decimal "
                      "point is a '.', as in elu:alpha=0.2",
                      option, text, part));
    }
    activations.push_back(Activation::parse(part));
  }
  return activations;
}

/// A list of what `parse` makes of each item.
template <class Parse>
auto parse_list(std::string_view option, std::string_view text, Parse parse) {
  std::vector<decltype(parse(text))> values;
  for (const std::string_view part : split_list(option, text)) values.push_back(parse(part));
  return values;
}

/// A list of yes and no.
inline std::vector<bool> parse_yes_or_no(std::string_view option, std::string_view text) {
  std::vector<bool> values;
  for (const std::string_view part : split_list(option, text)) {
    if (part != "yes" && part != "no") {
      throw InvalidArgument(
          fmt::format("{}: '{}' is none of its values: choose no or yes", option, part));
    }
    values.push_back(part == "yes");
  }
  return values;
}

inline std::string_view name_of(const ActivationInfo& info) {
  return info.name;
}
inline std::string_view name_of(const Loss& loss) {
  return loss.name();
}

/// The names of a list's entries.
template <class Entry>
std::vector<std::string> names_of(const std::vector<Entry>& entries) {
  using saltus::name_of;
  using saltus::app::name_of;
  std::vector<std::string> names;
  for (const Entry& entry : entries) names.emplace_back(name_of(entry));
  return names;
}

/// The same as an option's text.
inline std::string list_of(const std::vector<Activation>& activations) {
  std::string text;
  for (const Activation& activation : activations) {
    text.append(text.empty() ? "" : ",").append(activation.str());
  }
  return text;
}

}  // namespace saltus::app
