#include "report/gnuplot.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <saltus/error.h>

#include "core/file.h"
#include "core/process.h"
#include "core/text.h"

namespace saltus {
namespace {

/// A file without a name, in memory: gnuplot's end of it needs no reader while it writes, as a pipe
/// would.
FileDescriptor memory_file(const char* name) {
  FileDescriptor file(memfd_create(name, MFD_CLOEXEC));
  if (file.get() < 0) {
    throw Error(fmt::format("cannot start gnuplot: {}", error_text(errno)));
  }
  return file;
}

std::string contents(const FileDescriptor& file) {
  std::string text;
  std::array<std::uint8_t, 1 << 16> buffer;
  lseek(file.get(), 0, SEEK_SET);
  for (;;) {
    const std::size_t count = read_some(file, buffer, "what gnuplot wrote");
    text.append(reinterpret_cast<const char*>(buffer.data()), count);
    if (count < buffer.size()) return text;
  }
}

/// The first line that says something.
std::string_view first_line(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \n\t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find('\n', begin) - begin);
}

Child start(const StandardStreams& streams) {
  try {
    // Ctrl-C is for us to handle, and what is drawn is drawn to the end.
    return {{"gnuplot"}, {}, streams, Child::Group::own};
  } catch (const StartError& error) {
    if (!error.missing()) throw;
    throw Error(
        "no pictures: gnuplot was not found; install it (Debian: apt-get install gnuplot-nox)");
  }
}

/// Throws if gnuplot did not end well.
void check(int exit_code, const FileDescriptor& messages) {
  if (exit_code > 128) {
    const char* signal = sigdescr_np(exit_code - 128);
    throw Error(
        fmt::format("no picture: gnuplot was killed by signal {} ({}); look at the limits of this "
                    "shell (ulimit -a) and draw again",
                    exit_code - 128, signal != nullptr ? signal : "unknown"));
  }
  if (exit_code != 0)
    throw Error(fmt::format("gnuplot failed: {}", first_line(contents(messages))));
}

}  // namespace

std::string run_gnuplot(std::string_view script) {
  const FileDescriptor in = memory_file("script");
  const FileDescriptor out = memory_file("picture");
  const FileDescriptor err = memory_file("messages");
  write_all(in, {reinterpret_cast<const std::uint8_t*>(script.data()), script.size()},
            "gnuplot's script");
  lseek(in.get(), 0, SEEK_SET);
  check(start({.in = in.get(), .out = out.get(), .err = err.get()}).wait(), err);
  return contents(out);
}

std::string gnuplot_quote(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text) {
    if (c == '\'') quoted += '\'';  // two stand for one
    if (c != '\n') quoted += c;
  }
  return quoted + "'";
}

}  // namespace saltus
