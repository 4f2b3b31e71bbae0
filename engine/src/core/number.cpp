#include "core/number.h"

#include <charconv>
#include <system_error>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus {

double parsed_number(std::string_view text, std::string_view what, std::string_view example) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return value;
  throw InvalidArgument(fmt::format("{} is a number, as {}, not '{}'", what, example, text));
}

}  // namespace saltus
