#include "core/file.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>

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
  if (::fsync(file.get()) != 0) throw_file_error("write", path, errno);
}

// Makes a rename in it durable. Some file systems refuse fsync on a folder; the rename stands
// anyway.
void sync_folder(const fs::path& folder) {
  const FileDescriptor file = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (::fsync(file.get()) != 0 && errno != EINVAL && errno != EROFS) {
    throw_file_error("write", folder, errno);
  }
}

// A file that nobody else has, beside the one it will replace; removed unless it was published.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) {
    static std::atomic<unsigned> counter{0};
    do {
      path_ = folder_of(target) / fmt::format(".{}.{}-{}.tmp", target.filename().string(),
                                              ::getpid(), counter.fetch_add(1));
      file_ =
          FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kFileMode));
    } while (file_.get() < 0 && errno == EEXIST);
    if (file_.get() < 0) throw_file_error("create", target, errno);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!published_) ::unlink(path_.c_str());
  }

  void write(std::span<const std::uint8_t> bytes, const fs::path& target) {
    write_all(file_, bytes, target);
    file_.close(target);
  }

  void publish(const fs::path& target) {
    publish_file(path_, target);
    published_ = true;
  }

 private:
  fs::path path_;
  FileDescriptor file_;
  bool published_ = false;
};

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
  FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC, kFileMode));
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

std::size_t read_some(const FileDescriptor& file, std::span<std::uint8_t> out,
                      const fs::path& path) {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got = ::read(file.get(), out.data() + done, out.size() - done);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_file_error("read", path, errno);
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_all(const FileDescriptor& file, std::span<const std::uint8_t> bytes,
               const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(file.get(), bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
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

void write_file_atomic(const fs::path& path, std::span<const std::uint8_t> bytes) {
  TemporaryFile temporary(path);
  temporary.write(bytes, path);
  temporary.publish(path);
}

void write_file_atomic(const fs::path& path, std::string_view text) {
  write_file_atomic(path,
                    std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
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

FileDescriptor FileLock::open_lock(const fs::path& path) {
  return open_file(path, O_RDWR | O_CREAT);
}

bool FileLock::try_lock(const fs::path& path) {
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK && errno != EINTR) throw_file_error("lock", path, errno);
  return false;
}

void FileLock::lock(const fs::path& path) {
  while (::flock(file_.get(), LOCK_EX) != 0) {
    if (errno != EINTR) throw_file_error("lock", path, errno);
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
