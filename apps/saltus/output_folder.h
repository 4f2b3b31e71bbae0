// The folder that results go to.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace saltus::app {

/// How to treat results that are there already; `avoid`: take a name that nothing has, with -2,
/// -3 and so on at its end; `share`: other programs that share it write into it, too.
enum class Existing { refuse, overwrite, resume, avoid, share };

/// What to do where another run of saltus uses the folder.
enum class Busy { refuse, wait };

/// The folder for the results of a sweep that names none: runs/DATA-DATE-TIME. Of the data's name
/// it keeps letters, digits and what is not ASCII.
std::filesystem::path default_out(const std::string& data_name);

/// The folder in which that is.
std::filesystem::path default_parent();

/// Throws InvalidArgument if a folder that is not empty would be refused, DataError if the
/// path is no folder. Creates nothing.
void check_output_folder(const std::filesystem::path& path, Existing existing);

/// A folder, created if missing and locked while this lives: two programs never write into one
/// unless both share it.
/// Temporary files that a killed run left in it are removed. At the end, so is the folder itself
/// if this made it and nothing is in it.
class OutputFolder {
 public:
  /// Throws what check_output_folder() throws, and DataError if the folder cannot be created or
  /// is in use and that is refused; Interrupted while it waits.
  OutputFolder(std::filesystem::path path, Existing existing, Busy busy = Busy::refuse);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  ~OutputFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit OutputFolder(std::filesystem::path path) : path_(std::move(path)) {}
  void make();
  /// Makes a folder that was not there, with this name or one like it.
  void make_new(const std::filesystem::path& wanted);
  void lock(int kind, Busy busy);

  std::filesystem::path path_;
  std::vector<std::filesystem::path> made_;  ///< the innermost first
  int fd_ = -1;
};

}  // namespace saltus::app
