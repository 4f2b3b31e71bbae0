// Options that take a list: "1e-3,1e-4".
#pragma once

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <saltus/activation.h>
#include <saltus/error.h>

namespace saltus::app {

/// What stands between commas. Throws InvalidArgument where nothing does.
inline std::vector<std::string_view> split_list(std::string_view option, std::string_view text) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    if (end == begin)
      throw InvalidArgument(fmt::format("{}: an item of '{}' is empty", option, text));
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

/// The number that a text is, all of it. Throws InvalidArgument.
template <class T>
T parse_number(std::string_view option, std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw InvalidArgument(fmt::format("{}: '{}' is not {}", option, text,
                                      std::is_integral_v<T> ? "a whole number" : "a number"));
  }
  return value;
}

/// A list of numbers.
template <class T>
std::vector<T> parse_numbers(std::string_view option, std::string_view text) {
  std::vector<T> values;
  for (const std::string_view part : split_list(option, text)) {
    values.push_back(parse_number<T>(option, part));
  }
  return values;
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
    activations.push_back(Activation::parse(part));
  }
  return activations;
}

}  // namespace saltus::app
