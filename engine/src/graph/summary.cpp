#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/graph.h>
#include <saltus/progress.h>

namespace saltus {
namespace {

/// A column of the table; `width` counts the letters of a line between the column's blanks.
struct Column {
  std::string_view title;
  std::size_t width;
  bool right = false;
};

// The widths that Keras gives its columns on a terminal of 80 letters.
const std::vector<Column> kChainColumns = {
    {"Layer (type)", 31}, {"Output Shape", 22}, {"Param #", 13, true}};
const std::vector<Column> kGraphColumns = {
    {"Layer (type)", 19}, {"Output Shape", 17}, {"Param #", 10, true}, {"Connected to", 17}};

/// Corners and lines of one horizontal rule.
struct Rule {
  std::string_view left, line, middle, right;
};
constexpr Rule kTop = {"┏", "━", "┳", "┓"};
constexpr Rule kUnderTitles = {"┡", "━", "╇", "┩"};
constexpr Rule kBetween = {"├", "─", "┼", "┤"};
constexpr Rule kBottom = {"└", "─", "┴", "┘"};

using Row = std::vector<std::string>;

/// A line of a cell: words, and how many letters they take on the screen.
struct Line {
  std::string text;
  std::size_t width = 0;
};

/// Breaks a cell's text at its blanks into lines; a word that is too long ends in an ellipsis.
std::vector<Line> wrap(const std::string& text, std::size_t width) {
  std::vector<Line> lines(1);
  for (std::size_t end = 0, begin = 0; (begin = text.find_first_not_of(' ', end)) < text.size();) {
    end = std::min(text.find(' ', begin), text.size());
    std::string word = text.substr(begin, end - begin);
    std::size_t length = word.size();
    if (length > width) {
      word = word.substr(0, width - 1) + "…";
      length = width;
    }
    if (lines.back().width > 0 && lines.back().width + 1 + length > width) lines.emplace_back();
    Line& line = lines.back();
    if (line.width > 0) {
      line.text += ' ';
      ++line.width;
    }
    line.text += word;
    line.width += length;
  }
  return lines;
}

class Table {
 public:
  explicit Table(const std::vector<Column>& columns) : columns_(columns) {
    Row titles;
    for (const Column& column : columns_) titles.emplace_back(column.title);
    add_rule(kTop);
    add_cells(titles, "┃");
    add_rule(kUnderTitles);
  }

  void add_row(const Row& row) {
    if (has_rows_) add_rule(kBetween);
    add_cells(row, "│");
    has_rows_ = true;
  }

  std::string finish() {
    add_rule(kBottom);
    return std::move(text_);
  }

 private:
  void add_rule(const Rule& rule) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      text_ += i == 0 ? rule.left : rule.middle;
      for (std::size_t letter = 0; letter < columns_[i].width + 2; ++letter) text_ += rule.line;
    }
    text_ += rule.right;
    text_ += '\n';
  }

  void add_cells(const Row& row, std::string_view bar) {
    std::vector<std::vector<Line>> cells;
    std::size_t height = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      cells.push_back(wrap(row[i], columns_[i].width));
      height = std::max(height, cells.back().size());
    }
    for (std::size_t line = 0; line < height; ++line) {
      for (std::size_t i = 0; i < columns_.size(); ++i) {
        const Line piece = line < cells[i].size() ? cells[i][line] : Line{};
        const std::string blanks(columns_[i].width - piece.width, ' ');
        text_ += bar;
        text_ +=
            columns_[i].right ? ' ' + blanks + piece.text + ' ' : ' ' + piece.text + blanks + ' ';
      }
      text_ += bar;
      text_ += '\n';
    }
  }

  const std::vector<Column>& columns_;
  std::string text_;
  bool has_rows_ = false;
};

/// "4.58 MB", of weights of four bytes.
std::string memory(std::int64_t weights) {
  double size = 4.0 * static_cast<double>(weights);
  for (const std::string_view unit : {"B", "KB", "MB", "GB", "TB"}) {
    if (size < 1024) return fmt::format("{:.2f} {}", size, unit);
    size /= 1024;
  }
  return fmt::format("{:.2f} PB", size);
}

bool is_chain(const std::vector<Node>& nodes) {
  for (std::size_t i = 1; i < nodes.size(); ++i) {
    if (nodes[i].inputs != std::vector<NodeId>{static_cast<NodeId>(i) - 1}) return false;
  }
  return true;
}

}  // namespace

std::string Graph::summary() const {
  const bool chain = is_chain(nodes_);
  std::string text = chain ? "Model: \"sequential\"\n" : "Model: \"functional\"\n";
  Table table(chain ? kChainColumns : kGraphColumns);
  for (const Node& node : nodes_) {
    if (chain && node.inputs.empty()) continue;
    std::int64_t weights = 0;
    for (const Weight& weight : node.weights) weights += element_count(weight.shape);
    Row row = {fmt::format("{} ({})", node.name, kind_name(node.layer)),
               fmt::format("(None, {})", fmt::join(node.shape, ", ")), grouped(weights)};
    if (!chain) {
      std::vector<std::string> sources;
      for (const NodeId input : node.inputs) {
        sources.push_back(nodes_[static_cast<std::size_t>(input)].name + "[0][0]");
      }
      row.push_back(sources.empty() ? "-" : fmt::format("{}", fmt::join(sources, ", ")));
    }
    table.add_row(row);
  }
  text += table.finish();
  const std::int64_t all = weight_count();
  const std::int64_t trainable = trainable_count();
  const auto total = [&](std::string_view label, std::int64_t count) {
    text += fmt::format(" {}: {} ({})\n", label, grouped(count), memory(count));
  };
  total("Total params", all);
  total("Trainable params", trainable);
  total("Non-trainable params", all - trainable);
  return text;
}

}  // namespace saltus
