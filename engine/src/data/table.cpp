// Tables in CSV.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/dataset.h>
#include <saltus/error.h>
#include <saltus/nearest.h>

#include "core/boundary.h"
#include "core/csv.h"
#include "data/checksums.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxTableBytes = std::int64_t{1} << 32;
constexpr std::size_t kMostClasses = 65536;
constexpr double kLargestWhole = 0x1p53;  // beyond it doubles are not each whole number

/// Rows as they stand in a file.
struct Rows {
  std::vector<std::string> header;
  std::vector<float> values;         ///< [rows][columns but the target]
  std::vector<std::string> targets;  ///< [rows]
  std::vector<std::size_t> lines;    ///< [rows]
};

std::vector<std::string> read_header(CsvReader& reader, const fs::path& file) {
  std::vector<std::string> header;
  if (!reader.next(header)) {
    throw DataError(fmt::format(
        "{} is empty: its first line must name the columns, and a row follows in each line",
        file.string()));
  }
  std::set<std::string_view> names;
  for (const std::string& name : header) {
    if (names.insert(name).second) continue;
    throw DataError(
        fmt::format("{}: two columns are called '{}': rename or remove one", reader.where(), name));
  }
  return header;
}

std::size_t place_of(const std::string& target, const std::vector<std::string>& header,
                     const fs::path& file) {
  const auto found = std::ranges::find(header, target);
  if (found != header.end()) return static_cast<std::size_t>(found - header.begin());
  const std::vector<std::string_view> names(header.begin(), header.end());
  throw InvalidArgument(fmt::format("{} has no column '{}' for the classes{}; its columns are {}",
                                    file.string(), target, suggestion(target, names),
                                    fmt::join(header, ", ")));
}

float value_of(const std::string& field, const CsvReader& reader, const std::string& column) {
  double value = 0;
  if (parse_csv_number(field, value) && std::abs(value) <= std::numeric_limits<float>::max())
    return static_cast<float>(value);
  const std::string name = fmt::format("column '{}'", column);
  csv_number(field, reader.where(), name);
  throw DataError(fmt::format("{}: {} is {}, more than a 32-bit float can hold: scale the column",
                              reader.where(), name, field));
}

Rows read_rows(const fs::path& file, const std::string& target) {
  CsvReader reader(file, kMaxTableBytes);
  Rows rows{.header = read_header(reader, file), .values = {}, .targets = {}, .lines = {}};
  const std::size_t place = place_of(target, rows.header, file);
  if (rows.header.size() < 2) {
    throw DataError(
        fmt::format("{}: '{}' is the only column, expected columns of numbers beside it",
                    reader.where(), target));
  }
  std::vector<std::string> fields;
  while (reader.next(fields)) {
    if (fields.size() != rows.header.size()) {
      throw DataError(fmt::format("{}: {} fields, expected {} as in the first line", reader.where(),
                                  fields.size(), rows.header.size()));
    }
    for (std::size_t column = 0; column < fields.size(); ++column) {
      if (column == place) continue;
      rows.values.push_back(value_of(fields[column], reader, rows.header[column]));
    }
    if (fields[place].empty()) {
      throw DataError(fmt::format("{}: column '{}' is empty, expected the class of the row",
                                  reader.where(), target));
    }
    rows.targets.push_back(std::move(fields[place]));
    rows.lines.push_back(reader.line());
  }
  if (rows.targets.empty())
    throw DataError(fmt::format("{} has no rows behind its first line", file.string()));
  return rows;
}

void check_header(const Rows& train, const Rows& test, const fs::path& train_file,
                  const fs::path& test_file) {
  if (train.header == test.header) return;
  throw DataError(fmt::format("{}, line 1: the columns are {}, expected {} as in {}",
                              test_file.string(), fmt::join(test.header, ", "),
                              fmt::join(train.header, ", "), train_file.string()));
}

/// Takes the last fifth of the rows away.
Rows split_off_test(Rows& rows, const fs::path& file) {
  const std::size_t count = rows.targets.size();
  if (count < 5) {
    throw DataError(
        fmt::format("{} has {} rows, expected 5 or more, of which the last fifth is "
                    "for testing: add rows, or name a table of test rows with --test",
                    file.string(), count));
  }
  const std::size_t kept = count - count / 5;
  const auto from = [&](auto& all, std::size_t begin) {
    const auto place = all.begin() + static_cast<std::ptrdiff_t>(begin);
    std::remove_reference_t<decltype(all)> rest(std::make_move_iterator(place),
                                                std::make_move_iterator(all.end()));
    all.erase(place, all.end());
    return rest;
  };
  const std::size_t columns = rows.values.size() / count;
  return {.header = rows.header,
          .values = from(rows.values, kept * columns),
          .targets = from(rows.targets, kept),
          .lines = from(rows.lines, kept)};
}

bool are_numbers(const Rows& rows) {
  return std::ranges::all_of(rows.targets, [](const std::string& target) {
    double number = 0;
    return parse_csv_number(target, number);
  });
}

/// Writes each target, a number, in one way, so that 1 and 1.0 are one class. Throws DataError for
/// a number that is not whole.
void write_as_whole(Rows& rows, const fs::path& file, const std::string& target) {
  for (std::size_t i = 0; i < rows.targets.size(); ++i) {
    double number = 0;
    parse_csv_number(rows.targets[i], number);
    if (number == std::floor(number) && std::abs(number) <= kLargestWhole) {
      rows.targets[i] = fmt::format("{:.0f}", number + 0.0);  // no -0
      continue;
    }
    throw DataError(fmt::format(
        "{}, line {}: column '{}' is {}: a target is a class, by its name or a whole number; real "
        "numbers are not supported here (the library has regression: apps/examples/regression.cpp)",
        file.string(), rows.lines[i], target, rows.targets[i]));
  }
}

/// Names of classes in their order, which is that of the numbers where all are numbers.
std::vector<std::string> class_names_of(std::vector<std::string> targets, bool numbers) {
  std::ranges::sort(targets);
  targets.erase(std::unique(targets.begin(), targets.end()), targets.end());
  if (!numbers) return targets;
  std::ranges::sort(targets, {}, [](const std::string& target) {
    double number = 0;
    parse_csv_number(target, number);
    return number;
  });
  return targets;
}

ImageSet set_of(Rows rows, const std::map<std::string, std::int32_t>& classes, const fs::path& file,
                std::string_view advice) {
  ImageSet set;
  set.count = static_cast<std::int64_t>(rows.targets.size());
  set.height = 1;
  set.width = 1;
  set.channels = static_cast<std::int64_t>(rows.header.size()) - 1;
  for (std::size_t i = 0; i < rows.targets.size(); ++i) {
    const auto found = classes.find(rows.targets[i]);
    if (found == classes.end()) {
      throw DataError(fmt::format("{}, line {}: no training row is of the class '{}'{}",
                                  file.string(), rows.lines[i], rows.targets[i], advice));
    }
    set.labels.push_back(found->second);
  }
  set.pixels = std::move(rows.values);
  set_checksums(set);
  return set;
}

}  // namespace

ImageDataset load_table(const fs::path& file, const TableOptions& options) try {
  Rows train = read_rows(file, options.target);
  const bool own_file = !options.test.empty();
  const fs::path& test_file = own_file ? options.test : file;
  Rows test;
  if (own_file) {
    test = read_rows(test_file, options.target);
    check_header(train, test, file, test_file);
  } else {
    test = split_off_test(train, file);
  }
  const bool numbers = are_numbers(train) && are_numbers(test);
  if (numbers) {
    write_as_whole(train, file, options.target);
    write_as_whole(test, test_file, options.target);
  }
  std::vector<std::string> names = class_names_of(train.targets, numbers);
  if (names.size() < 2 || names.size() > kMostClasses) {
    throw DataError(
        fmt::format("{}: the training rows are of {} class{} of column '{}', expected 2 "
                    "to {}{}",
                    file.string(), names.size(), names.size() == 1 ? "" : "es", options.target,
                    kMostClasses, own_file ? "" : "; the last fifth of the rows is for testing"));
  }
  std::map<std::string, std::int32_t> classes;
  for (const std::string& name : names)
    classes.emplace(name, static_cast<std::int32_t>(classes.size()));
  const std::string_view advice =
      own_file ? ""
               : ": the last fifth of the rows is for testing; put the rows in a random order, "
                 "or name a table of test rows with --test";
  return {.name = file.stem().string(),
          .title = {},
          .source = file.string(),
          .classes = static_cast<int>(classes.size()),
          .train = set_of(std::move(train), classes, file, advice),
          .test = set_of(std::move(test), classes, test_file, advice),
          .class_names = std::move(names),
          .target = options.target,
          .test_source = options.test.string()};
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
