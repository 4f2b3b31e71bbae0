// The output of the program: results on standard output, remarks and errors on standard error.
#pragma once

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace saltus::app {

/// Opens /dev/null if standard input, output or error is closed: no file that is opened later
/// may take their numbers and receive what is meant for a terminal.
void open_standard_streams();

/// Writes to standard output. A failure does not end the work, whose results are files;
/// finish_output() reports it.
void write_output(std::string_view text);

/// Makes what was written appear now.
void flush_output();

/// Writes to standard error; if that fails there is nobody to tell.
void write_error(std::string_view text);

template <class... T>
void print(fmt::format_string<T...> format, T&&... values) {
  write_output(fmt::format(format, std::forward<T>(values)...));
}

/// A remark beside the results.
template <class... T>
void note(fmt::format_string<T...> format, T&&... values) {
  write_error(fmt::format(format, std::forward<T>(values)...));
}

/// Flushes standard output at the end of a run. Returns `code`, or that of a failure which it tells
/// on standard error. If the output is a pipe that nobody reads any more (`saltus activations |
/// head`), the program ends as by SIGPIPE, without a word.
int finish_output(int code);

/// "saltus: MESSAGE" on standard error, one line but for what the message shows in indented ones;
/// returns `code`.
int fail(int code, std::string message);

}  // namespace saltus::app
