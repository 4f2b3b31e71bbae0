// Tables in CSV.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
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
  std::vector<float> values;         ///< [rows][columns but the targets]
  std::vector<std::string> targets;  ///< [rows][targets]
  std::vector<std::size_t> lines;    ///< [rows]
};

/// The columns to predict, by their names and places.
struct Targets {
  std::vector<std::string> names;
  std::vector<std::size_t> places;

  std::size_t count() const { return names.size(); }
  bool has(std::size_t column) const { return std::ranges::count(places, column) > 0; }
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
  throw InvalidArgument(fmt::format("{} has no column '{}' to be a target{}; its columns are {}",
                                    file.string(), target, suggestion(target, names),
                                    fmt::join(header, ", ")));
}

/// The target of that name, or those that commas divide.
Targets targets_of(const std::string& text, const std::vector<std::string>& header,
                   const fs::path& file) {
  Targets targets;
  const bool one = std::ranges::count(header, text) > 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = one ? text.size() : std::min(text.find(',', begin), text.size());
    targets.names.push_back(text.substr(begin, end - begin));
    begin = end + 1;
    const std::size_t place = place_of(targets.names.back(), header, file);
    if (targets.has(place)) {
      throw InvalidArgument(
          fmt::format("'{}' is twice among the targets: name it once", targets.names.back()));
    }
    targets.places.push_back(place);
  }
  return targets;
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
  const Targets targets = targets_of(target, rows.header, file);
  if (rows.header.size() == targets.count()) {
    throw DataError(fmt::format("{}: {}, expected columns of numbers beside {}", reader.where(),
                                targets.count() == 1
                                    ? fmt::format("'{}' is the only column", target)
                                    : std::string("every column is a target"),
                                targets.count() == 1 ? "it" : "them"));
  }
  std::vector<std::string> fields;
  while (reader.next(fields)) {
    if (fields.size() != rows.header.size()) {
      throw DataError(fmt::format("{}: {} fields, expected {} as in the first line", reader.where(),
                                  fields.size(), rows.header.size()));
    }
    for (std::size_t column = 0; column < fields.size(); ++column) {
      if (targets.has(column)) continue;
      rows.values.push_back(value_of(fields[column], reader, rows.header[column]));
    }
    for (std::size_t i = 0; i < targets.count(); ++i) {
      std::string& field = fields[targets.places[i]];
      if (field.empty()) {
        throw DataError(fmt::format("{}: column '{}' is empty, expected the target of the row",
                                    reader.where(), targets.names[i]));
      }
      rows.targets.push_back(std::move(field));
    }
    rows.lines.push_back(reader.line());
  }
  if (rows.lines.empty())
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
  const std::size_t count = rows.lines.size();
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
  const std::size_t targets = rows.targets.size() / count;
  return {.header = rows.header,
          .values = from(rows.values, kept * columns),
          .targets = from(rows.targets, kept * targets),
          .lines = from(rows.lines, kept)};
}

/// What is known of the targets of all rows, training and test.
struct TargetKind {
  bool numbers = true;      ///< all of them are
  bool whole = true;        ///< whole numbers
  bool flags = true;        ///< 0 or 1
  std::set<double> values;  ///< which numbers, of a few more than kMostCountedClasses

  void include(const Rows& rows) {
    for (const std::string& target : rows.targets) {
      double number = 0;
      numbers = numbers && parse_csv_number(target, number);
      if (!numbers) return;
      whole = whole && number == std::floor(number) && std::abs(number) <= kLargestWhole;
      flags = flags && (number == 0 || number == 1);
      if (values.size() <= kMostCountedClasses) values.insert(number);
    }
  }
};

/// The first field of a target that is not what `fits` asks for, by file, line and column.
std::string first_misfit(const Rows& rows, const fs::path& file, const Targets& targets,
                         bool (*fits)(const std::string& field)) {
  for (std::size_t i = 0; i < rows.targets.size(); ++i) {
    if (fits(rows.targets[i])) continue;
    return fmt::format("{}, line {}: column '{}' is '{}'", file.string(),
                       rows.lines[i / targets.count()], targets.names[i % targets.count()],
                       rows.targets[i]);
  }
  return {};
}

bool is_number(const std::string& field) {
  double number = 0;
  return parse_csv_number(field, number) && std::abs(number) <= std::numeric_limits<float>::max();
}
bool is_flag(const std::string& field) {
  double number = 0;
  return parse_csv_number(field, number) && (number == 0 || number == 1);
}

/// The rows of a table that has been read, and where from.
struct Table {
  const Rows& train;
  const Rows& test;
  const fs::path& train_file;
  const fs::path& test_file;
  const Targets& targets;

  /// Throws DataError unless all targets are what `fits` asks for.
  void require(bool (*fits)(const std::string& field), std::string_view rule) const {
    std::string misfit = first_misfit(train, train_file, targets, fits);
    if (misfit.empty()) misfit = first_misfit(test, test_file, targets, fits);
    if (!misfit.empty()) throw DataError(fmt::format("{}, {}", misfit, rule));
  }
};

/// The task that is asked for or that the columns say, multi_class for binary, too. Throws where it
/// is none.
Task task_of(const Table& table, const TargetKind& kind, const std::optional<Task>& asked) {
  const bool several = table.targets.count() > 1;
  if (!asked && !several) {
    const bool counts = kind.whole && kind.values.size() <= kMostCountedClasses;
    return !kind.numbers || counts ? Task::multi_class : Task::regression;
  }
  const Task task =
      asked.value_or(kind.numbers && kind.flags ? Task::multi_label : Task::regression);
  switch (task) {
    case Task::multi_class:
    case Task::binary:
      if (!several) break;
      throw InvalidArgument(
          "a classification has one target, whose classes exclude each other: name one column, or "
          "ask for multi-label if each column says yes or no");
    case Task::multi_label:
      table.require(is_flag, several ? "but each target of a multi-label task is 0 or 1"
                                     : "but a label is 0 or 1");
      break;
    case Task::regression:
      table.require(is_number,
                    several
                        ? "but several targets are labels of 0 and 1, or numbers of a regression"
                        : "but the target of a regression is a number");
      break;
  }
  return task;
}

/// Writes each target, a whole number, in one way, so that 1 and 1.0 are one class.
void write_as_whole(Rows& rows) {
  for (std::string& target : rows.targets) {
    double number = 0;
    parse_csv_number(target, number);
    target = fmt::format("{:.0f}", number + 0.0);  // no -0
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

/// The inputs of a set.
ImageSet inputs_of(Rows& rows, const Targets& targets) {
  ImageSet set;
  set.count = std::ssize(rows.lines);
  set.height = 1;
  set.width = 1;
  set.channels = std::ssize(rows.header) - std::ssize(targets.names);
  set.pixels = std::move(rows.values);
  return set;
}

ImageSet labelled(Rows rows, const Targets& targets,
                  const std::map<std::string, std::int32_t>& classes, const fs::path& file,
                  std::string_view advice) {
  ImageSet set = inputs_of(rows, targets);
  for (std::size_t i = 0; i < rows.targets.size(); ++i) {
    const auto found = classes.find(rows.targets[i]);
    if (found == classes.end()) {
      throw DataError(fmt::format("{}, line {}: no training row is of the class '{}'{}",
                                  file.string(), rows.lines[i], rows.targets[i], advice));
    }
    set.labels.push_back(found->second);
  }
  set_checksums(set);
  return set;
}

ImageSet numbered(Rows rows, const Targets& targets) {
  ImageSet set = inputs_of(rows, targets);
  for (const std::string& target : rows.targets) {
    double number = 0;
    parse_csv_number(target, number);
    set.targets.push_back(static_cast<float>(number));
  }
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
  const Targets targets = targets_of(options.target, train.header, file);
  TargetKind kind;
  kind.include(train);
  kind.include(test);
  const Task task = task_of({train, test, file, test_file, targets}, kind, options.task);
  ImageDataset data{.name = file.stem().string(),
                    .title = {},
                    .source = file.string(),
                    .train = {},
                    .test = {},
                    .target = options.target,
                    .test_source = options.test.string(),
                    .task = task,
                    .target_names = targets.names};
  if (task == Task::multi_label || task == Task::regression) {
    data.train = numbered(std::move(train), targets);
    data.test = numbered(std::move(test), targets);
    return data;
  }
  const bool whole = kind.numbers && kind.whole;
  if (whole) {
    write_as_whole(train);
    write_as_whole(test);
  }
  data.class_names = class_names_of(train.targets, kind.numbers);
  if (data.class_names.size() < 2 || data.class_names.size() > kMostClasses) {
    throw DataError(fmt::format(
        "{}: the training rows are of {} class{} of column '{}', expected 2 to {}{}", file.string(),
        data.class_names.size(), data.class_names.size() == 1 ? "" : "es", options.target,
        kMostClasses, own_file ? "" : "; the last fifth of the rows is for testing"));
  }
  std::map<std::string, std::int32_t> classes;
  for (const std::string& name : data.class_names)
    classes.emplace(name, static_cast<std::int32_t>(classes.size()));
  const std::string_view advice =
      own_file ? ""
               : ": the last fifth of the rows is for testing; put the rows in a random order, "
                 "or name a table of test rows with --test";
  data.classes = static_cast<int>(classes.size());
  data.task = classes.size() == 2 ? Task::binary : Task::multi_class;
  data.train = labelled(std::move(train), targets, classes, file, advice);
  data.test = labelled(std::move(test), targets, classes, test_file, advice);
  return data;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
