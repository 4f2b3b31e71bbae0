// The ranking as a table for a paper.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "report/report_words.h"

namespace saltus {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

/// Each character of a text, or what stands for it.
std::string replaced(std::string_view text, std::span<const Replacement> replacements) {
  std::string out;
  while (!text.empty()) {
    const auto found = std::ranges::find_if(
        replacements, [&](const Replacement& one) { return text.starts_with(one.first); });
    const std::size_t length = found == replacements.end() ? 1 : found->first.size();
    out += found == replacements.end() ? text.substr(0, 1) : found->second;
    text.remove_prefix(length);
  }
  return out;
}

std::string escape_latex(std::string_view text) {
  static constexpr Replacement kReplacements[] = {{"\\", "\\textbackslash{}"},
                                                  {"{", "\\{"},
                                                  {"}", "\\}"},
                                                  {"$", "\\$"},
                                                  {"&", "\\&"},
                                                  {"#", "\\#"},
                                                  {"%", "\\%"},
                                                  {"_", "\\_"},
                                                  {"^", "\\textasciicircum{}"},
                                                  {"~", "\\textasciitilde{}"},
                                                  {"<", "$<$"},
                                                  {">", "$>$"},
                                                  {"|", "$|$"},
                                                  {"±", "$\\pm$"},
                                                  {"−", "$-$"},
                                                  {"…", "\\dots{}"},
                                                  {"[", "{[}"},
                                                  {"]", "{]}"}};
  return replaced(text, kReplacements);
}

std::string escape_markdown(std::string_view text) {
  static constexpr Replacement kReplacements[] = {
      {"\\", "\\\\"}, {"|", "\\|"},  {"*", "\\*"},   {"_", "\\_"}, {"`", "\\`"},
      {"<", "&lt;"},  {">", "&gt;"}, {"&", "&amp;"}, {"[", "\\["}, {"]", "\\]"},
      {"#", "\\#"},   {"~", "\\~"},  {"^", "\\^"},   {"$", "\\$"}};
  return replaced(text, kReplacements);
}

/// A cell of a row. Settings are set as code is, in which formulas keep their looks.
std::string latex_cell(std::string_view column, const std::string& text) {
  if (text == "-") return "--";
  const std::string escaped = escape_latex(text);
  return column == "setting" ? fmt::format("\\texttt{{{}}}", escaped) : escaped;
}

/// Those that a page has room for.
constexpr std::string_view kPaperColumns[] = {
    "rank",       "setting",  "accuracy",        "test",
    "sd",         "n",        "binary_accuracy", "mean_absolute_error",
    "difference", "interval", "new_images",      "p",
    "d",          "status"};

/// The places of those that say something.
std::vector<std::size_t> columns_of(const RankingTable& table) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string_view name = table.columns[i].name;
    if (std::ranges::find(kPaperColumns, name) == std::end(kPaperColumns)) continue;
    const std::string_view silent = name == "status" ? "ok" : "-";
    const auto says_nothing = [&](const auto& row) { return row[i].text == silent; };
    if (!std::ranges::all_of(table.rows, says_nothing)) columns.push_back(i);
  }
  return columns;
}

}  // namespace

std::string report_latex(const StoredSweep& sweep) try {
  const RankingTable table = ranking_table(sweep.result);
  const std::vector<std::size_t> columns = columns_of(table);
  std::string alignment;
  std::vector<std::string> titles;
  for (const std::size_t i : columns) {
    alignment += table.columns[i].is_number ? 'r' : 'l';
    titles.push_back(escape_latex(table.columns[i].title));
  }
  std::string text = fmt::format(
      "% \\usepackage{{booktabs}}\n"
      "% As wide as the text of article with up to eight columns; in table* with more.\n"
      "\\begin{{table}}\n\\centering\n\\caption{{{}. {}}}\n"
      "\\footnotesize\n\\setlength{{\\tabcolsep}}{{3pt}}\n"
      "\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n",
      escape_latex(headline(sweep)), escape_latex(reading(sweep.result)), alignment,
      fmt::join(titles, " & "));
  for (const std::vector<RankingCell>& row : table.rows) {
    std::vector<std::string> cells;
    for (const std::size_t i : columns) {
      cells.push_back(latex_cell(table.columns[i].name, row[i].text));
    }
    text += fmt::format("{} \\\\\n", fmt::join(cells, " & "));
  }
  return text + "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
} catch (...) {
  throw_as_promised();
}

std::string report_markdown(const StoredSweep& sweep) try {
  const RankingTable table = ranking_table(sweep.result);
  const std::vector<std::size_t> columns = columns_of(table);
  std::string text = fmt::format("{}. {}\n\n|", escape_markdown(headline(sweep)),
                                 escape_markdown(findings(sweep)));
  for (const std::size_t i : columns) {
    text += fmt::format(" {} |", escape_markdown(table.columns[i].title));
  }
  text += "\n|";
  for (const std::size_t i : columns) text += table.columns[i].is_number ? "---:|" : "---|";
  text += '\n';
  for (const std::vector<RankingCell>& row : table.rows) {
    text += '|';
    for (const std::size_t i : columns) {
      text += fmt::format(" {} |", row[i].text == "-" ? "–" : escape_markdown(row[i].text));
    }
    text += '\n';
  }
  text += fmt::format("\n{}\n", escape_markdown(reading(sweep.result)));
  for (const std::string& sentence : failures(sweep)) {
    text += fmt::format("\n{}\n", escape_markdown(sentence));
  }
  return text;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
