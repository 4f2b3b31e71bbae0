// saltus check-table: a published table of means and deviations, computed again.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/published_table.h>

#include "commands.h"
#include "exit_codes.h"
#include "lists.h"
#include "output.h"
#include "terminal.h"
#include "text_layout.h"

namespace saltus::app {
namespace {

struct CheckTableArguments {
  std::string file;
  std::string range;
  std::string images;
  std::string baseline;
};

PublishedTableOptions table_options(const CheckTableArguments& arguments) {
  PublishedTableOptions options;
  if (!arguments.range.empty()) {
    const std::vector<std::string_view> ends = split_list("--range", arguments.range);
    if (ends.size() != 2) {
      throw InvalidArgument(fmt::format(
          "--range: '{}' is not two numbers, the least and the largest: 0,100 for a percentage",
          arguments.range));
    }
    options.range = Interval{parse_number<double>("--range", ends[0]),
                             parse_number<double>("--range", ends[1])};
  }
  if (!arguments.images.empty()) {
    options.images = parse_number<std::int64_t>("--images", arguments.images);
  }
  if (!arguments.baseline.empty()) options.baseline = arguments.baseline;
  return options;
}

std::string interval_text(const Interval& interval, int digits) {
  return fmt::format("{:.{}f} to {:.{}f}", interval.low, digits, interval.high, digits);
}

std::string p_text(double p) {
  return p < 0.001 ? "< 0.001" : fmt::format("{:.3f}", p);
}

void print_rows(const std::vector<PublishedRow>& rows, const PublishedTableCheck& check) {
  TextTable table;
  table.add_column("name");
  for (const char* title : {"mean", "sd", "n", "95 % interval"}) {
    table.add_column(title, Align::right);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const PublishedRow& row = rows[i];
    const auto& interval = check.rows[i].interval;
    table.add_row({row.name, fmt::format("{:.{}f}", row.mean, row.mean_digits),
                   fmt::format("{:.{}f}", row.sd, row.sd_digits), fmt::to_string(row.n),
                   interval ? interval_text(*interval, row.mean_digits) : "-"});
  }
  write_output(table.str(static_cast<std::size_t>(output_columns())));
}

void print_pairs(const std::vector<PublishedRow>& rows, const PublishedTableCheck& check) {
  if (check.pairs.empty()) return;
  TextTable table;
  table.add_column("pair");
  for (const char* title : {"difference", "95 % interval", "t", "p", "p (Holm)", "Cohen's d"}) {
    table.add_column(title, Align::right);
  }
  for (const PublishedPair& pair : check.pairs) {
    const int digits = std::max(rows[pair.a].mean_digits, rows[pair.b].mean_digits);
    const Comparison& comparison = pair.comparison;
    table.add_row({fmt::format("{} - {}", rows[pair.a].name, rows[pair.b].name),
                   fmt::format("{:+.{}f}", comparison.difference, digits),
                   interval_text(comparison.interval, digits), fmt::format("{:.2f}", comparison.t),
                   p_text(comparison.p), p_text(pair.p_holm),
                   fmt::format("{:.2f}", comparison.cohens_d)});
  }
  print("\n");
  write_output(table.str(static_cast<std::size_t>(output_columns())));
  print("\n{}",
        entry("",
              "Intervals and tests are Student's, of independent samples with one variance, "
              "from the rounded numbers. If the rows share their seeds, a paired test can "
              "find smaller differences, but it needs each seed's value.",
              0, static_cast<std::size_t>(text_columns())));
}

int run_check_table(const CheckTableArguments& arguments) {
  const PublishedTableOptions options = table_options(arguments);
  const std::vector<PublishedRow> rows = read_published_table(arguments.file);
  const PublishedTableCheck check = check_published_table(rows, options);
  print_rows(rows, check);
  print_pairs(rows, check);
  if (check.faults.empty()) return 0;
  print("\nwhat cannot be right:\n");
  for (const std::string& fault : check.faults) print("  {}\n", fault);
  return kFailure;
}

}  // namespace

Run make_check_table(CLI::App& command) {
  const auto arguments = std::make_shared<CheckTableArguments>();
  command
      .add_option("FILE", arguments->file,
                  "CSV; the first line names its columns, among them name, mean, sd and n, the "
                  "number of repeats")
      ->type_name("FILE")
      ->required();
  command
      .add_option("--range", arguments->range,
                  "The least and the largest value that there can be, such as 0,100 for a "
                  "percentage: means outside of it, and deviations that no values in it have, "
                  "cannot be right")
      ->type_name("LOW,HIGH");
  command
      .add_option("--images", arguments->images,
                  "The means are percentages of so many images in each repeat: those that no whole "
                  "number of images comes to cannot be right (the GRIM test)")
      ->type_name("N");
  command
      .add_option("--baseline", arguments->baseline,
                  "The row with which all others are compared (default: all pairs)")
      ->type_name("NAME");
  command.footer(
      "The exit code is 1 if a row cannot be right.\n\n"
      "Example:\n  saltus check-table paper.csv --range 0,100 --images 10000 --baseline relu");
  return [arguments] { return run_check_table(*arguments); };
}

}  // namespace saltus::app
