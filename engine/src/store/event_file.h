// The files that TensorBoard reads: records of TensorFlow's Event messages.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "core/file.h"

namespace saltus::store {

/// A file of events, written to its end with each of them. Throws DataError where it cannot be.
class EventFile {
 public:
  /// Makes a file with a name that no other has, in a folder, which is created.
  explicit EventFile(const std::filesystem::path& folder);

  /// Scalars of one step.
  void add(std::int64_t step, const std::map<std::string, double>& scalars);

  void close() { file_.close(path_); }

 private:
  void write(const std::string& event);

  std::filesystem::path path_;
  FileDescriptor file_;
};

}  // namespace saltus::store
