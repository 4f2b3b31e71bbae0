// Letters, numbers and errors as text, the same in every locale.
#pragma once

#include <clocale>
#include <string>
#include <string_view>

namespace saltus {

/// An ASCII capital as its small letter; every other byte stays. std::tolower() asks the C locale.
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// A float as the double with the same shortest text: 0.2, not 0.20000000298023224.
double shortest(float value);

/// A text as a field of a CSV file: in quotes where it has commas or quotes in it (RFC 4180).
std::string csv_field(std::string_view text);

/// What an errno means, in English.
std::string_view error_text(int error);

/// The calling thread has the C locale while this lives. For libraries that ask it.
class ClassicLocale {
 public:
  ClassicLocale();
  ClassicLocale(const ClassicLocale&) = delete;
  ClassicLocale& operator=(const ClassicLocale&) = delete;
  ~ClassicLocale();

 private:
  locale_t before_;
};

}  // namespace saltus
