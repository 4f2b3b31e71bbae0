#pragma once

#include <saltus/export.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <saltus/statistics.h>

/// Tables of means and deviations that others have published: what can be computed of them, and
/// what cannot be right.
namespace saltus {

/// A row, as it is printed.
struct PublishedRow {
  std::string name;
  double mean = 0;
  int mean_digits = 0;  ///< behind the decimal point
  double sd = 0;        ///< sample standard deviation, n - 1 below
  int sd_digits = 0;
  std::int64_t n = 0;    ///< repeats
  std::size_t line = 0;  ///< of the file
};

/// Rows of a CSV file whose first line names its columns, among them name, mean, sd and n, in any
/// order. Throws DataError, with the number of the line, if the file cannot be read as one.
SALTUS_API std::vector<PublishedRow> read_published_table(const std::filesystem::path& file);

/// What is known of the figures beside the table.
struct PublishedTableOptions {
  /// The least and the largest value that a repeat can have, as 0 and 100 for a percentage.
  std::optional<Interval> range = {};
  /// The images that each repeat was judged by, if the figure is the percentage that was right.
  std::optional<std::int64_t> images = {};
  /// The row with which all others are compared; all pairs without one.
  std::optional<std::string> baseline = {};
};

/// Two rows against each other.
struct PublishedPair {
  std::size_t a = 0;  ///< places of the rows
  std::size_t b = 0;
  Comparison comparison;  ///< a minus b, as independent samples with one variance
  double p_holm = 1;      ///< p, corrected for the number of pairs
};

/// What a table says when it is computed again.
struct PublishedTableCheck {
  std::vector<Summary> rows;         ///< as summarize() gives them; rows that cannot be right too
  std::vector<PublishedPair> pairs;  ///< of rows that can be right and have two repeats or more
  std::vector<std::string> faults;   ///< sentences, each of a row that cannot be right
};

/// Throws InvalidArgument if the baseline is no row, the range is empty, or there are no images.
SALTUS_API PublishedTableCheck check_published_table(const std::vector<PublishedRow>& rows,
                                                     const PublishedTableOptions& options = {});

}  // namespace saltus
