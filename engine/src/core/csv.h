// Tables in CSV as people write them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace saltus {

/// The lines of a CSV file (RFC 4180), but for those that are blank. A field may stand in quotes,
/// which it may not have across lines; spaces around one without quotes are left out.
class CsvReader {
 public:
  /// Reads the file. Throws DataError where it cannot be read or is longer than `max_bytes`.
  CsvReader(const std::filesystem::path& file, std::int64_t max_bytes);

  /// Fills in the fields of the next line; false at the end. Throws DataError for a quote without
  /// an end.
  bool next(std::vector<std::string>& fields);

  /// Of the line that next() gave last, from 1.
  std::size_t line() const { return line_; }

  /// "FILE, line 3"
  std::string where() const;

 private:
  std::filesystem::path file_;
  std::string text_;
  std::size_t begin_ = 0;  // of the line to come
  std::size_t line_ = 0;
};

/// Whether a field is a finite number with a decimal point, in every locale, and which.
bool parse_csv_number(std::string_view field, double& value);

/// That number. Throws DataError: "WHERE: COLUMN is 'FIELD', which is not a number".
double csv_number(std::string_view field, const std::string& where, std::string_view column);

}  // namespace saltus
