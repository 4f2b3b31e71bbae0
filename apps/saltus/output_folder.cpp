#include "output_folder.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <saltus/error.h>

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_unusable(const fs::path& path, const std::error_code& error) {
  throw DataError(fmt::format("cannot use {} for results: {}", path.string(), error.message()));
}

}  // namespace

void check_output_folder(const fs::path& path, Existing existing) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return;
  if (error) throw_unusable(path, error);
  if (status.type() != fs::file_type::directory) {
    throw_unusable(path, std::make_error_code(std::errc::not_a_directory));
  }
  const fs::directory_iterator first(path, error);
  if (error) throw_unusable(path, error);
  if (existing == Existing::refuse && first != fs::directory_iterator()) {
    throw InvalidArgument(
        fmt::format("{} is not empty: say --resume to go on with the sweep in it, --overwrite to "
                    "replace its results, or name another folder with --out",
                    path.string()));
  }
}

OutputFolder::OutputFolder(fs::path path) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) throw_unusable(path_, error);
  fd_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) throw_unusable(path_, {errno, std::generic_category()});
  if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    close(fd_);
    if (reason != EWOULDBLOCK) throw_unusable(path_, {reason, std::generic_category()});
    throw DataError(
        fmt::format("{} is in use by another run of saltus: wait for its end, or name "
                    "another folder with --out",
                    path_.string()));
  }
}

OutputFolder::~OutputFolder() {
  close(fd_);
}

}  // namespace saltus::app
