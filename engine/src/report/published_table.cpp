#include <algorithm>
#include <array>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <map>
#include <string_view>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/nearest.h>
#include <saltus/published_table.h>

#include "core/boundary.h"
#include "core/csv.h"

namespace saltus {
namespace {

constexpr std::int64_t kMaxTableBytes = 1 << 24;

using Fields = std::vector<std::string>;

/// Digits behind the decimal point.
int digits_of(const std::string& text) {
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return 0;
  return static_cast<int>(text.find_first_not_of("0123456789", point + 1) == std::string::npos
                              ? text.size() - point - 1
                              : text.find_first_not_of("0123456789", point + 1) - point - 1);
}

constexpr std::array<std::string_view, 4> kPublishedColumns = {"name", "mean", "sd", "n"};

std::array<std::size_t, 4> places_of(const Fields& header, const std::string& where) {
  std::array<std::size_t, 4> places{};
  for (std::size_t i = 0; i < kPublishedColumns.size(); ++i) {
    const auto found = std::ranges::find(header, kPublishedColumns[i]);
    if (found == header.end()) {
      throw DataError(fmt::format(
          "{}: there is no column '{}': the first line must name the columns name, mean, sd and n",
          where, kPublishedColumns[i]));
    }
    places[i] = static_cast<std::size_t>(found - header.begin());
  }
  return places;
}

PublishedRow row_of(const Fields& fields, const std::array<std::size_t, 4>& places,
                    const std::string& where) {
  const auto field = [&](std::size_t column) -> const std::string& {
    if (places[column] < fields.size()) return fields[places[column]];
    throw DataError(fmt::format("{}: the row has {} fields and no {}", where, fields.size(),
                                kPublishedColumns[column]));
  };
  const double n = csv_number(field(3), where, "n");
  if (n != std::floor(n) || n < 1 || n > 1e9) {
    throw DataError(fmt::format("{}: n is {}, but the number of repeats is a whole one from 1 on",
                                where, field(3)));
  }
  return {.name = field(0),
          .mean = csv_number(field(1), where, "mean"),
          .mean_digits = digits_of(field(1)),
          .sd = csv_number(field(2), where, "sd"),
          .sd_digits = digits_of(field(2)),
          .n = static_cast<std::int64_t>(n)};
}

/// Half of the last digit: what a number was rounded by at most, and a little for our own.
double rounding(int digits) {
  return 0.5 * std::pow(10.0, -digits) * (1 + 1e-9);
}

/// The largest deviation of n values in a range with this mean: as many as possible at its ends,
/// and one between them.
double largest_sd(const Interval& range, double mean, std::int64_t count) {
  const auto n = static_cast<double>(count);
  const double share = (mean - range.low) / (range.high - range.low) * n;  // in units of the range
  const double at_top = std::floor(share);
  const double between = share - at_top;
  const double mean_share = share / n;
  const double squares = at_top * (1 - mean_share) * (1 - mean_share) +
                         (between - mean_share) * (between - mean_share) +
                         std::max(n - at_top - 1, 0.0) * mean_share * mean_share;
  return std::sqrt(squares / (n - 1)) * (range.high - range.low);
}

/// What is wrong with a row; empty if nothing is.
std::string fault_of(const PublishedRow& row, const PublishedTableOptions& options) {
  if (row.sd < 0) return fmt::format("sd is {}, but no deviation is below 0", row.sd);
  if (row.n == 1 && row.sd > 0) {
    return fmt::format("sd is {}, but one repeat has no sample standard deviation", row.sd);
  }
  const double loose = rounding(row.mean_digits);
  if (options.range) {
    const Interval& range = *options.range;
    if (row.mean < range.low - loose || row.mean > range.high + loose) {
      return fmt::format("mean is {}, outside of {} to {}", row.mean, range.low, range.high);
    }
    if (row.n > 1) {
      double most = 0;
      for (const double mean : {row.mean - loose, row.mean, row.mean + loose}) {
        most = std::max(most, largest_sd(range, std::clamp(mean, range.low, range.high), row.n));
      }
      if (row.sd > most + rounding(row.sd_digits)) {
        return fmt::format(
            "sd is {}, but {} values in {} to {} with this mean have one of {:.4g} "
            "at most",
            row.sd, row.n, range.low, range.high, most);
      }
    }
  }
  if (options.images) {
    // The GRIM test of Brown and Heathers (2017): all repeats together were right a whole number
    // of times.
    const double all = static_cast<double>(*options.images) * static_cast<double>(row.n) / 100;
    const double least = std::ceil((row.mean - loose) * all);
    if (least > (row.mean + loose) * all) {
      return fmt::format(
          "mean is {:.{}f} %, which no whole number of {} images in {} repeats comes "
          "to: {:.{}f} and {:.{}f} are next to it",
          row.mean, row.mean_digits, *options.images, row.n, (least - 1) / all, row.mean_digits + 1,
          least / all, row.mean_digits + 1);
    }
  }
  return {};
}

Summary summary_of(const PublishedRow& row) {
  Summary summary{.count = static_cast<std::size_t>(row.n),
                  .mean = row.mean,
                  .sd = std::max(row.sd, 0.0),
                  .interval = {}};
  if (row.n == 1) return summary;
  const auto n = static_cast<double>(row.n);
  const double half =
      quantile(complement(boost::math::students_t(n - 1), 0.025)) * summary.sd / std::sqrt(n);
  summary.interval = Interval{row.mean - half, row.mean + half};
  return summary;
}

void check(const std::vector<PublishedRow>& rows, const PublishedTableOptions& options) {
  if (options.range && !(options.range->low < options.range->high)) {
    throw InvalidArgument(fmt::format("the range {} to {} is empty: the lower end comes first",
                                      options.range->low, options.range->high));
  }
  if (options.images && *options.images < 1) {
    throw InvalidArgument(
        fmt::format("the number of images must be 1 or more, not {}", *options.images));
  }
  if (!options.baseline) return;
  std::vector<std::string_view> names;
  names.reserve(rows.size());
  for (const PublishedRow& row : rows) names.push_back(row.name);
  if (std::ranges::find(names, *options.baseline) != names.end()) return;
  throw InvalidArgument(fmt::format("no row is called {}{}", *options.baseline,
                                    suggestion(*options.baseline, names)));
}

}  // namespace

std::vector<PublishedRow> read_published_table(const std::filesystem::path& file) try {
  CsvReader reader(file, kMaxTableBytes);
  std::vector<PublishedRow> rows;
  std::optional<std::array<std::size_t, 4>> places;
  Fields fields;
  while (reader.next(fields)) {
    if (!places) {
      places = places_of(fields, reader.where());
      continue;
    }
    rows.push_back(row_of(fields, *places, reader.where()));
    rows.back().line = reader.line();
  }
  if (rows.empty()) {
    throw DataError(fmt::format(
        "{} has no rows: the first line names the columns name, mean, sd and n, and a row follows "
        "for each mean",
        file.string()));
  }
  return rows;
} catch (...) {
  throw_as_promised();
}

PublishedTableCheck check_published_table(const std::vector<PublishedRow>& rows,
                                          const PublishedTableOptions& options) try {
  check(rows, options);
  PublishedTableCheck result;
  std::vector<bool> sound;
  std::map<std::string, std::size_t> lines;
  for (const PublishedRow& row : rows) {
    result.rows.push_back(summary_of(row));
    std::string fault = fault_of(row, options);
    if (const auto [first, is_new] = lines.emplace(row.name, row.line); fault.empty() && !is_new) {
      fault = fmt::format("the name is that of line {}, too", first->second);
    }
    sound.push_back(fault.empty());
    if (!fault.empty()) {
      result.faults.push_back(fmt::format("line {}, {}: {}", row.line, row.name, fault));
    }
  }
  std::vector<double> p;
  for (std::size_t a = 0; a < rows.size(); ++a) {
    for (std::size_t b = 0; b < rows.size(); ++b) {
      const bool wanted = options.baseline ? rows[b].name == *options.baseline && a != b : a < b;
      if (!wanted || !sound[a] || !sound[b] || rows[a].n < 2 || rows[b].n < 2) continue;
      result.pairs.push_back({.a = a,
                              .b = b,
                              .comparison = compare_independent(result.rows[a], result.rows[b]),
                              .p_holm = 1});
      p.push_back(result.pairs.back().comparison.p);
    }
  }
  const std::vector<double> corrected = holm(p);
  for (std::size_t i = 0; i < p.size(); ++i) result.pairs[i].p_holm = corrected[i];
  return result;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
