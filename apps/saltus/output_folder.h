// The folder that results go to.
#pragma once

#include <filesystem>

namespace saltus::app {

/// What to do with results that are there already.
enum class Existing { refuse, overwrite, resume };

/// Throws InvalidArgument where a folder that is not empty would be refused, DataError where the
/// path is no folder. Creates nothing.
void check_output_folder(const std::filesystem::path& path, Existing existing);

/// A folder, created where missing and locked while this lives: two programs never write into one.
class OutputFolder {
 public:
  /// Throws DataError where it cannot be created or is in use.
  explicit OutputFolder(std::filesystem::path path);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;
  ~OutputFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace saltus::app
