#include "core/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"

namespace saltus {
namespace {

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin));
}

/// Splits a line; false if a quote has no end.
bool split(std::string_view line, std::vector<std::string>& fields) {
  fields.clear();
  std::string field;
  bool quoted = false;
  bool was_quoted = false;
  const auto end_field = [&] {
    fields.push_back(was_quoted ? field : trimmed(field));
    field.clear();
    was_quoted = false;
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      field += '"';
      ++i;
    } else if (c == '"' && (quoted || trimmed(field).empty())) {
      if (!quoted) field.clear();
      was_quoted = true;
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      end_field();
    } else if (!was_quoted || quoted) {
      field += c;
    }
  }
  end_field();
  return !quoted;
}

}  // namespace

CsvReader::CsvReader(const std::filesystem::path& file, std::int64_t max_bytes)
    : file_(file), text_(read_file(file, max_bytes)) {
  if (text_.starts_with("\xEF\xBB\xBF")) begin_ = 3;  // as spreadsheets write it
}

bool CsvReader::next(std::vector<std::string>& fields) {
  while (begin_ < text_.size()) {
    const std::size_t end = std::min(text_.find('\n', begin_), text_.size());
    const std::string_view words = std::string_view(text_).substr(begin_, end - begin_);
    begin_ = end + 1;
    ++line_;
    if (trimmed(words).empty()) continue;
    if (!split(words, fields)) throw DataError(fmt::format("{}: a quote has no end", where()));
    return true;
  }
  return false;
}

std::string CsvReader::where() const {
  return fmt::format("{}, line {}", file_.string(), line_);
}

bool parse_csv_number(std::string_view field, double& value) {
  const char* end = field.data() + field.size();
  const auto [stop, error] = std::from_chars(field.data(), end, value);
  return error == std::errc() && stop == end && std::isfinite(value);
}

double csv_number(std::string_view field, const std::string& where, std::string_view column) {
  double value = 0;
  if (parse_csv_number(field, value)) return value;
  throw DataError(fmt::format("{}: {} is '{}', which is not a number with a decimal point '.'",
                              where, column, field));
}

}  // namespace saltus
