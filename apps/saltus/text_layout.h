// Text for a terminal of so many columns. Widths count characters of UTF-8, not bytes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace saltus::app {

/// Columns that a text takes.
std::size_t width_of(std::string_view text);

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(std::string_view text);

/// Cuts a text at its spaces into lines of at most `columns` each (0: one line); words that are
/// longer behind a comma, bar, colon or slash, if they have one.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

/// A title, and beside it a text, wrapped and indented by `indent`; if the title leaves no room,
/// the text begins below it. `columns` 0: nothing limits a line. Ends with a newline.
std::string entry(std::string_view title, std::string_view text, std::size_t indent,
                  std::size_t columns);

/// How a column of a table is laid out.
enum class Align { left, right };

/// Rows under titles, in columns as wide as what is in them. Columns that hold nothing but "" and
/// "-" are left out. Columns that do not fit into the width go on below, indented; a cell that is
/// wider still is wrapped.
class TextTable {
 public:
  void add_column(std::string title, Align align = Align::left);
  /// A cell for each column.
  void add_row(std::vector<std::string> cells);
  /// `columns` 0: nothing limits a line. Ends with a newline.
  std::string str(std::size_t columns) const;

 private:
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> rows_{1};  ///< the first holds the titles
};

/// "1 trial", "6 trials".
std::string counted(std::size_t number, std::string_view what);

}  // namespace saltus::app
