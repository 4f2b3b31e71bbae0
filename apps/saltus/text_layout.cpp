#include "text_layout.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace saltus::app {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kBandIndent = 4;

/// Columns of a table that stand in one line, with the width of each.
struct Band {
  std::size_t indent = 0;
  std::vector<std::size_t> columns = {};
  std::vector<std::size_t> widths = {};

  std::size_t end() const {
    std::size_t used = indent;
    for (const std::size_t width : widths) used += width + kGap;
    return used;
  }
};

std::string without_trailing_spaces(const std::string& line) {
  return line.substr(0, line.find_last_not_of(' ') + 1);
}

/// The lines of a row's cells in a band: more than one if a cell is wrapped.
std::string text_of(const Band& band, const std::vector<std::string>& row,
                    const std::vector<Align>& aligns) {
  std::vector<std::vector<std::string>> cells;
  std::size_t height = 0;
  for (std::size_t i = 0; i < band.columns.size(); ++i) {
    cells.push_back(wrapped(row[band.columns[i]], band.widths[i]));
    height = std::max(height, cells.back().size());
  }
  std::string text;
  for (std::size_t line = 0; line < height; ++line) {
    std::string whole(band.indent, ' ');
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = line < cells[i].size() ? cells[i][line] : "";
      const std::string padding(band.widths[i] - std::min(band.widths[i], width_of(cell)), ' ');
      whole += aligns[band.columns[i]] == Align::right ? padding + cell : cell + padding;
      whole.append(kGap, ' ');
    }
    text += without_trailing_spaces(whole) + '\n';
  }
  return text;
}

}  // namespace

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines(1);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    const bool fits = columns == 0 || width_of(lines.back()) + 1 + width_of(word) <= columns;
    if (!lines.back().empty() && !fits) lines.emplace_back();
    if (!lines.back().empty()) lines.back() += ' ';
    while (columns > 0 && width_of(word) > columns) {
      const std::size_t mark = word.substr(0, columns).find_last_of(",|/:");
      if (mark == std::string_view::npos) break;
      lines.back() += word.substr(0, mark + 1);
      lines.emplace_back();
      word.remove_prefix(mark + 1);
    }
    lines.back() += word;
  }
  return lines;
}

std::string entry(std::string_view title, std::string_view text, std::size_t indent,
                  std::size_t columns) {
  const std::size_t begin = std::min(title.find_first_not_of(' '), title.size());
  std::string out;
  std::size_t used = 0;
  for (const std::string& line : wrapped(title, columns - std::min(columns, begin))) {
    if (!out.empty()) out += '\n';
    out.append(begin, ' ').append(line);
    used = begin + width_of(line);
  }
  const bool beside = used == 0 || used + kGap <= indent;
  if (!beside) out += '\n';
  if (!beside) used = 0;
  for (const std::string& line : wrapped(text, columns - std::min(columns, indent))) {
    out.append(indent - used, ' ').append(line) += '\n';
    used = 0;
  }
  return out;
}

void TextTable::add_column(std::string title, Align align) {
  rows_.front().push_back(std::move(title));
  aligns_.push_back(align);
}

void TextTable::add_row(std::vector<std::string> cells) {
  rows_.push_back(std::move(cells));
}

std::string TextTable::str(std::size_t columns) const {
  std::vector<Band> bands(1);
  for (std::size_t i = 0; i < aligns_.size(); ++i) {
    std::size_t width = width_of(rows_.front()[i]);
    bool empty = true;
    for (std::size_t row = 1; row < rows_.size(); ++row) {
      width = std::max(width, width_of(rows_[row][i]));
      empty = empty && (rows_[row][i].empty() || rows_[row][i] == "-");
    }
    if (empty) continue;
    if (columns > 0 && !bands.back().columns.empty() && bands.back().end() + width > columns) {
      bands.push_back({.indent = kBandIndent});
    }
    Band& band = bands.back();
    if (columns > band.indent) width = std::min(width, columns - band.indent);
    band.columns.push_back(i);
    band.widths.push_back(width);
  }
  std::string text;
  for (const auto& row : rows_) {
    for (const Band& band : bands) text += text_of(band, row, aligns_);
  }
  return text;
}

std::string counted(std::size_t number, std::string_view what) {
  return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

}  // namespace saltus::app
