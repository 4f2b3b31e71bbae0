#include "terminal.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <langinfo.h>
#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace saltus::app {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

bool is_dumb() {
  return variable("TERM") == "dumb";
}

}  // namespace

int output_columns() {
  const std::string_view wanted = variable("COLUMNS");
  int columns = 0;
  std::from_chars(wanted.data(), wanted.data() + wanted.size(), columns);
  if (columns > 0) return columns;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int text_columns() {
  const int columns = output_columns();
  return columns > 0 ? columns : 80;
}

bool can_redraw(int fd) {
  return ::isatty(fd) == 1 && !is_dumb();
}

bool shows_unicode() {
  if (is_dumb()) return false;
  // The environment's locale, while that of the program stays "C".
  const locale_t locale = ::newlocale(LC_CTYPE_MASK, "", nullptr);
  if (locale == nullptr) return false;
  const bool utf8 = std::string_view(::nl_langinfo_l(CODESET, locale)) == "UTF-8";
  ::freelocale(locale);
  return utf8;
}

const char* plus_minus() {
  return shows_unicode() ? "±" : "+-";
}

}  // namespace saltus::app
