#include "core/number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
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

std::string significant(double value, int digits) {
  const double size = std::abs(value);
  if (!(size >= 1e-4 && size < 1e9)) return fmt::format("{:.{}g}", value, digits);
  const int before = static_cast<int>(std::floor(std::log10(size))) + 1;
  return fmt::format("{:.{}f}", value, std::max(digits - before, 0));
}

}  // namespace saltus
