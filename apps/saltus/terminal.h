// Properties of the terminal.
#pragma once

namespace saltus::app {

/// Columns of standard output: COLUMNS if that is set, else the width of the terminal
/// if it is one; 0: nothing limits a line.
int output_columns();

/// Columns to wrap text at: output_columns(), or 80 if nothing limits a line.
int text_columns();

/// Whether lines on this descriptor may be drawn over each other: it is a terminal, and TERM is not
/// dumb.
bool can_redraw(int fd);

/// Whether more than ASCII may be written: the locale's character set is UTF-8 and TERM is not
/// dumb.
bool shows_unicode();

/// "±", or "+-" if that cannot be shown.
const char* plus_minus();

}  // namespace saltus::app
