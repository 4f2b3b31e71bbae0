// Runs the saltus program as a user does, in a folder of its own.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/types.h>

#include <saltus/dataset.h>

#include "core/file.h"

namespace saltus::test {

/// How a run ended.
struct Ended {
  int code = 0;  ///< exit code; 1000 + n: killed by signal n
  std::string out;
  std::string err;
};

/// A program that runs.
class Running {
 public:
  Running(pid_t pid, std::filesystem::path out, std::filesystem::path err);
  void send(int signal) const;

  /// Whether a handler of its own would run for this signal.
  bool handles(int signal) const;
  Ended wait() const;

 private:
  pid_t pid_;
  std::filesystem::path out_;
  std::filesystem::path err_;
};

/// A temporary folder with a small data set in data/, and the program started in it.
class ProgramTest : public testing::Test {
 protected:
  void SetUp() override;

  /// Starts saltus with these arguments; `environment` replaces variables, `before` is run by a
  /// shell first ("ulimit -f 1"), `terminal` is a terminal that becomes the program's, and where
  /// its output goes.
  Running start(const std::vector<std::string>& arguments,
                const std::map<std::string, std::string>& environment = {},
                const std::string& before = "true", const std::filesystem::path& terminal = {});
  Ended run(const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& environment = {},
            const std::string& before = "true") {
    return start(arguments, environment, before).wait();
  }

  /// A sweep of a second: two activations, two seeds, one epoch, into out/.
  static std::vector<std::string> small_sweep(const std::vector<std::string>& more = {},
                                              int seeds = 2);

  /// Saves a network for the images in data/, trained for an epoch with two metrics.
  void write_model(const std::string& name) const;

  /// A folder with the four files of a data set.
  void write_data(const std::string& name, const ImageDataset& data) const;

  std::filesystem::path path(const std::string& name) const { return scratch_.path() / name; }
  std::string text(const std::string& name) const;
  void write(const std::string& name, const std::string& content) const;

  /// Waits until a file is there.
  void await(const std::string& name) const;

  /// Every file below a folder with its content.
  std::map<std::string, std::string> files(const std::string& name) const;

 private:
  ScratchFolder scratch_{std::filesystem::temp_directory_path()};
  int runs_ = 0;
};

/// The content of an IDX file of bytes.
std::string idx(const std::vector<std::uint32_t>& extents, const std::string& bytes);

}  // namespace saltus::test
