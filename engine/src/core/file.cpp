#include "core/file.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <saltus/error.h>

#include "core/text.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0666;  // less the umask

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync(const FileDescriptor& file, const fs::path& path) {
  if (restarted([&] { return ::fsync(file.get()); }) != 0) throw_file_error("write", path, errno);
}

// Makes a rename in it durable. Some file systems refuse fsync on a folder; the rename stands
// anyway.
void sync_folder(const fs::path& folder) {
  const FileDescriptor file = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (restarted([&] { return ::fsync(file.get()); }) != 0 && errno != EINVAL && errno != EROFS) {
    throw_file_error("write", folder, errno);
  }
}

constexpr std::string_view kPendingSuffix = ".tmp";

// Creates a file that nobody else has, beside `target`; `path` becomes its name.
FileDescriptor create_pending(const fs::path& target, fs::path& path) {
  static std::atomic<unsigned> counter{0};
  FileDescriptor file;
  do {
    path = folder_of(target) / fmt::format(".{}.{}-{}{}", target.filename().string(), ::getpid(),
                                           counter.fetch_add(1), kPendingSuffix);
    file = FileDescriptor(restarted(
        [&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode); }));
  } while (file.get() < 0 && errno == EEXIST);
  if (file.get() < 0) throw_file_error("create", target, errno);
  return file;
}

}  // namespace

void throw_file_error(std::string_view action, const fs::path& path, int error) {
  if (error == ENOSPC || error == EDQUOT) {
    throw DataError(
        fmt::format("cannot {} {}: the disk is full ({}); free some space and try again", action,
                    path.string(), error_text(error)));
  }
  throw DataError(fmt::format("cannot {} {}: {}", action, path.string(), error_text(error)));
}

FileDescriptor::~FileDescriptor() {
  if (fd_ >= 0) ::close(fd_);
}

void FileDescriptor::close(const fs::path& path) {
  // Linux frees the descriptor whatever close() returns, so it is never tried twice.
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR)
    throw_file_error("write", path, errno);
}

FileDescriptor open_file(const fs::path& path, int flags) {
  FileDescriptor file(
      restarted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kFileMode); }));
  if (file.get() < 0) throw_file_error("open", path, errno);
  return file;
}

FileDescriptor open_regular_file(const fs::path& path) {
  FileDescriptor file = open_file(path, O_RDONLY | O_NONBLOCK);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_file_error("read", path, errno);
  if (!S_ISREG(status.st_mode)) {
    throw DataError(fmt::format("cannot read {}: it is not a regular file", path.string()));
  }
  return file;
}

std::uint64_t size_of(const FileDescriptor& file, const fs::path& path) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_file_error("read", path, errno);
  return static_cast<std::uint64_t>(status.st_size);
}

std::size_t read_some(const FileDescriptor& file, std::span<std::uint8_t> out,
                      const fs::path& path) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        restarted([&] { return ::read(file.get(), out.data() + done, out.size() - done); });
    if (got == 0) break;
    if (got < 0) throw_file_error("read", path, errno);
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_all(const FileDescriptor& file, std::span<const std::uint8_t> bytes,
               const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = restarted([&] { return ::write(file.get(), bytes.data(), bytes.size()); });
    if (put < 0) throw_file_error("write", path, errno);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

std::string read_file(const fs::path& path, std::int64_t max_bytes) {
  constexpr std::size_t kStep = 1 << 16;
  const FileDescriptor file = open_regular_file(path);
  std::string text;
  for (;;) {
    const std::size_t start = text.size();
    text.resize(start + kStep);
    const std::size_t got =
        read_some(file, {reinterpret_cast<std::uint8_t*>(text.data()) + start, kStep}, path);
    text.resize(start + got);
    if (static_cast<std::int64_t>(text.size()) > max_bytes) {
      throw DataError(
          fmt::format("{} is longer than the {} bytes expected at most", path.string(), max_bytes));
    }
    if (got < kStep) return text;
  }
}

PendingFile::PendingFile(fs::path target, std::string_view text)
    : PendingFile(std::move(target), std::span(&text, 1)) {}

PendingFile::PendingFile(fs::path target, std::span<const std::string_view> parts)
    : target_(std::move(target)) {
  FileDescriptor file = create_pending(target_, path_);
  try {
    for (const std::string_view part : parts) {
      write_all(file, {reinterpret_cast<const std::uint8_t*>(part.data()), part.size()}, target_);
    }
    file.close(target_);
  } catch (...) {
    ::unlink(path_.c_str());
    throw;
  }
}

PendingFile::~PendingFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

void PendingFile::publish() {
  publish_file(path_, target_);
  path_.clear();
}

bool PendingFile::publish_first() {
  {
    FileDescriptor file = open_file(path_, O_RDONLY);
    sync(file, target_);
  }
  int linked = ::link(path_.c_str(), target_.c_str());
  if (linked != 0 && (errno == EPERM || errno == EOPNOTSUPP))  // a file system without links
    linked = ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target_.c_str(), RENAME_NOREPLACE);
  const int error = errno;
  struct stat status {};
  // A network's file system may have done it and lost the answer.
  const bool first = linked == 0 || (::stat(path_.c_str(), &status) == 0 && status.st_nlink == 2);
  if (!first && error != EEXIST) throw_file_error("write", target_, error);
  if (first) sync_folder(folder_of(target_));
  return first;
}

std::string_view target_of_pending(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789";
  if (!name.starts_with('.') || !name.ends_with(kPendingSuffix)) return {};
  name.remove_prefix(1);
  name.remove_suffix(kPendingSuffix.size());
  // From the back: a counter, a hyphen, a process, a dot.
  for (const char before : {'-', '.'}) {
    const std::size_t last = name.find_last_not_of(kDigits);
    if (last == std::string_view::npos || last + 1 == name.size() || name[last] != before) {
      return {};
    }
    name = name.substr(0, last);
  }
  return name;
}

void write_file_atomic(const fs::path& path, std::string_view text) {
  PendingFile(path, text).publish();
}

void write_file_atomic(const fs::path& path, std::span<const std::string_view> parts) {
  PendingFile(path, parts).publish();
}

LineFile::LineFile(fs::path path)
    : path_(std::move(path)), file_(open_file(path_, O_WRONLY | O_APPEND)) {}

void LineFile::append(std::string_view line) {
  const off_t before = ::lseek(file_.get(), 0, SEEK_END);
  const std::string text = fmt::format("{}\n", line);
  try {
    write_all(file_, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}, path_);
  } catch (...) {
    // Where this fails as well, a reader leaves out a last line without its end.
    if (before >= 0 && ::ftruncate(file_.get(), before) != 0) errno = 0;
    throw;
  }
}

void LineFile::sync() {
  saltus::sync(file_, path_);
}

void publish_file(const fs::path& from, const fs::path& to) {
  {
    FileDescriptor file = open_file(from, O_RDONLY);
    sync(file, to);
  }
  if (::rename(from.c_str(), to.c_str()) != 0) throw_file_error("replace", to, errno);
  sync_folder(folder_of(to));
}

void create_folders(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw_file_error("create the folder", folder, error.value());
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) throw_file_error("remove", path, error.value());
}

void remove_files(const fs::path& folder,
                  const std::function<bool(const fs::directory_entry&)>& is_meant) {
  std::error_code error;
  std::vector<fs::path> meant;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (is_meant(*entry)) meant.push_back(entry->path());
  }
  for (const fs::path& path : meant) remove_file(path);
}

FileDescriptor FileLock::open_lock(const fs::path& path) {
  return open_file(path, O_RDWR | O_CREAT);
}

bool FileLock::try_lock(const fs::path& path) {
  if (restarted([&] { return ::flock(file_.get(), LOCK_EX | LOCK_NB); }) == 0) return true;
  if (errno != EWOULDBLOCK) throw_file_error("lock", path, errno);
  return false;
}

void FileLock::lock(const fs::path& path) {
  if (restarted([&] { return ::flock(file_.get(), LOCK_EX); }) != 0) {
    throw_file_error("lock", path, errno);
  }
}

ScratchFolder::ScratchFolder(const fs::path& parent) {
  std::string name = (parent / ".scratch-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw_file_error("create a folder in", parent, errno);
  path_ = name;
}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

}  // namespace saltus
