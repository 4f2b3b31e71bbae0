#include "output.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "exit_codes.h"

namespace saltus::app {
namespace {

/// The first reason for which standard output could not be written; 0: none is known.
int output_error = 0;

void note_output_error() {
  if (output_error == 0) output_error = errno;
}

bool reader_is_gone() {
  pollfd output{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
  return ::poll(&output, 1, 0) == 1 && (output.revents & POLLERR) != 0;
}

}  // namespace

void open_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) ::open("/dev/null", O_RDWR);  // takes `fd`
  }
}

void write_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) note_output_error();
}

void flush_output() {
  if (std::fflush(stdout) != 0) note_output_error();
}

void write_error(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

int finish_output(int code) {
  flush_output();
  if (std::cout && std::ferror(stdout) == 0) return code;
  if (reader_is_gone()) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  std::string message = "cannot write to standard output";
  if (output_error != 0) message.append(": ").append(::strerrordesc_np(output_error));
  return fail(kFailure, message);
}

int fail(int code, std::string message) {
  // Lines that an error shows are indented; any other end of a line came in with a name.
  for (std::size_t i = 0; i < message.size(); ++i) {
    if (message[i] == '\n' && message.compare(i + 1, 2, "  ") != 0) message[i] = ' ';
  }
  note("saltus: {}\n", message);
  return code;
}

}  // namespace saltus::app
