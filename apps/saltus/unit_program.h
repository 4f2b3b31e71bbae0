// A program that trains units of a sweep for this one, and the pipes between the two.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace saltus::app {

/// Lines that arrive on a file descriptor.
class LineInput {
 public:
  explicit LineInput(int file) : file_(file) {}

  /// Reads what has arrived; waits where nothing has.
  void read();

  /// The next line that was read, without its end.
  std::optional<std::string> take();

  bool has_ended() const { return ended_; }

 private:
  int file_;
  std::string text_;
  bool ended_ = false;
};

/// A program that reads units from its standard input, a line each, and answers with a line when it
/// has trained one. It ends with its input.
class UnitProgram {
 public:
  /// `file` is found as a shell finds it. `device` is all that CUDA shows it; empty: as here.
  /// It has up to `capacity` units at a time.
  UnitProgram(std::string file, std::vector<std::string> arguments, std::string device,
              std::size_t capacity);
  UnitProgram(UnitProgram&& other) noexcept;
  UnitProgram& operator=(UnitProgram&&) = delete;
  ~UnitProgram();

  /// Throws Error.
  void start();

  /// Whether it still runs. Where it has ended, code() says how.
  bool runs();

  bool has_room() const { return units_.size() < capacity_; }
  void send(const std::string& unit);

  /// A unit that it says it has trained, of those that were sent: whichever, if these are several.
  std::optional<std::string> take_trained();

  /// A unit that it was sent and has not trained.
  std::optional<std::string> take_untrained();

  /// Nothing follows: it ends when it has trained what it has.
  void end_input();

  /// Asks it to end; it keeps the epochs that are finished.
  void stop() const;

  int answers() const { return answers_; }  ///< to poll; -1: none
  int starts() const { return starts_; }
  int code() const { return code_; }  ///< 1000 + n: killed by signal n

 private:
  void close_answers();

  std::string file_;
  std::vector<std::string> arguments_;
  std::string device_;
  std::size_t capacity_;
  std::deque<std::string> units_;
  pid_t pid_ = 0;
  int input_ = -1;
  int answers_ = -1;
  std::optional<LineInput> lines_;
  int starts_ = 0;
  int code_ = 0;
};

}  // namespace saltus::app
