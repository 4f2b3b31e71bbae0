#include "core/text.h"

#include <charconv>
#include <cstring>
#include <new>
#include <string>

#include <fmt/format.h>

namespace saltus {
namespace {

locale_t classic() {
  static const locale_t locale = newlocale(LC_ALL_MASK, "C", nullptr);
  if (locale == nullptr) throw std::bad_alloc();
  return locale;
}

}  // namespace

double shortest(float value) {
  const std::string text = fmt::format("{}", value);
  double result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

std::string csv_field(std::string_view text) {
  if (text.find_first_of(",\"\n") == std::string_view::npos) return std::string(text);
  std::string field = "\"";
  for (const char c : text) field.append(c == '"' ? 2 : 1, c);
  return field + '"';
}

std::string_view error_text(int error) {
  const char* text = strerrordesc_np(error);
  return text == nullptr ? "unknown error" : text;
}

ClassicLocale::ClassicLocale() : before_(uselocale(classic())) {}

ClassicLocale::~ClassicLocale() {
  uselocale(before_);
}

}  // namespace saltus
