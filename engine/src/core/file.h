#pragma once

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace saltus {

/// Calls a system function again as long as a signal interrupts it.
template <class Call>
auto restarted(Call&& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

/// Throws DataError: "cannot ACTION PATH: what errno says".
[[noreturn]] void throw_file_error(std::string_view action, const std::filesystem::path& path,
                                   int error);

/// An open file; closed with the object.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  int get() const { return fd_; }

  /// Closes now; a file system may report a failed write only here.
  void close(const std::filesystem::path& path);

 private:
  int fd_ = -1;
};

/// open(2). Throws DataError.
FileDescriptor open_file(const std::filesystem::path& path, int flags);

/// Opens for reading what must be a regular file: no folder, no pipe to wait at. Throws DataError.
FileDescriptor open_regular_file(const std::filesystem::path& path);

/// Bytes of an open file. Throws DataError.
std::uint64_t size_of(const FileDescriptor& file, const std::filesystem::path& path);

/// Fills `out` from the file's position; fewer bytes come only at its end. Throws DataError.
std::size_t read_some(const FileDescriptor& file, std::span<std::uint8_t> out,
                      const std::filesystem::path& path);

/// Writes all of `bytes`. Throws DataError, naming a full disk as such.
void write_all(const FileDescriptor& file, std::span<const std::uint8_t> bytes,
               const std::filesystem::path& path);

/// A whole file. Throws DataError where it cannot be read or is longer than `max_bytes`.
std::string read_file(const std::filesystem::path& path, std::int64_t max_bytes);

/// A file that waits to replace another: written whole, under a temporary name beside it. Removed
/// unless it is published. Throws DataError.
class PendingFile {
 public:
  PendingFile(std::filesystem::path target, std::string_view text);
  /// What it holds comes in parts, one behind another.
  PendingFile(std::filesystem::path target, std::span<const std::string_view> parts);
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;
  ~PendingFile();

  /// Whoever reads the file, also after a crash or a power cut, finds the old one or this one,
  /// whole: fsync, rename, fsync of the folder. Where that throws, the old one stays.
  void publish();

  /// The same, unless the file is there already, which is then left as it is: whether this one is
  /// the file now. Of several programs that try, on several machines that share the folder, one is
  /// told so.
  bool publish_first();

 private:
  std::filesystem::path target_;
  std::filesystem::path path_;
};

/// The file that a PendingFile of this name was to replace ("results.json" for
/// ".results.json.123-0.tmp"); empty for any other name. A program that is killed leaves such
/// files.
std::string_view target_of_pending(std::string_view name);

/// Replaces a file as PendingFile does.
void write_file_atomic(const std::filesystem::path& path, std::string_view text);
void write_file_atomic(const std::filesystem::path& path, std::span<const std::string_view> parts);

/// A file that grows by whole lines.
class LineFile {
 public:
  /// Opens a file that exists and is empty or ends with a line. Throws DataError.
  explicit LineFile(std::filesystem::path path);

  /// Adds a line (without its end) in one call. Throws DataError; of a line that does not fit on
  /// the disk nothing stays.
  void append(std::string_view line);

  /// Waits until the disk has all lines. Throws DataError.
  void sync();

 private:
  std::filesystem::path path_;
  FileDescriptor file_;
};

/// PendingFile::publish() for a file that is written already: `from`, in the same
/// folder or file system, becomes `to`. Throws DataError.
void publish_file(const std::filesystem::path& from, const std::filesystem::path& to);

/// Creates a folder and its parents where missing. Throws DataError.
void create_folders(const std::filesystem::path& folder);

/// Removes a file; one that is not there is no error. Throws DataError.
void remove_file(const std::filesystem::path& path);

/// Removes what is meant in a folder, which may not be there. Throws DataError.
void remove_files(const std::filesystem::path& folder,
                  const std::function<bool(const std::filesystem::directory_entry&)>& is_meant);

/// Exclusive lock on a file, created where missing; it ends with the object and with the process.
class FileLock {
 public:
  /// Waits for the lock; calls `on_wait`, if given, once before it does. Throws DataError.
  template <class OnWait>
  FileLock(const std::filesystem::path& path, OnWait&& on_wait) : file_(open_lock(path)) {
    if (try_lock(path)) return;
    on_wait();
    lock(path);
  }

 private:
  static FileDescriptor open_lock(const std::filesystem::path& path);
  bool try_lock(const std::filesystem::path& path);
  void lock(const std::filesystem::path& path);

  FileDescriptor file_;
};

/// A new empty folder inside `parent`, removed with all it holds at the end. Throws DataError.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::filesystem::path& parent);
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  ~ScratchFolder();

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace saltus
