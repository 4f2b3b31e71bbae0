#include "output_folder.h"

#include <cerrno>
#include <chrono>
#include <ctime>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "interrupt.h"
#include "output.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_unusable(const fs::path& path, const std::error_code& error) {
  throw DataError(fmt::format("cannot use {} for results: {}", path.string(), error.message()));
}

/// Whether a path leads to what is open.
bool is_open_as(int file, const fs::path& path) {
  struct stat open {};
  struct stat now {};
  return fstat(file, &open) == 0 && stat(path.c_str(), &now) == 0 && open.st_dev == now.st_dev &&
         open.st_ino == now.st_ino;
}

/// A name for a folder that is easy to see and to type.
std::string visible(const std::string& name) {
  constexpr std::size_t kMostBytes = 100;  // a name has at most 255
  std::string out;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    const bool inner = c == '.' || c == '_' || c == '-' || c == '+';
    const bool unicode = (static_cast<unsigned char>(c) & 0x80) != 0;
    // No character is cut in two.
    if (out.size() >= kMostBytes && (static_cast<unsigned char>(c) & 0xc0) != 0x80) break;
    if (letter || unicode || (inner && !out.empty())) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != '-') {
      out.push_back('-');
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "data" : out;
}

}  // namespace

fs::path default_parent() {
  return "runs";
}

fs::path default_out(const std::string& data_name) {
  return default_parent() /
         fmt::format("{}-{:%Y%m%d-%H%M%S}", visible(data_name), fmt::localtime(std::time(nullptr)));
}

void check_output_folder(const fs::path& path, Existing existing) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) return;
  if (error) throw_unusable(path, error);
  if (status.type() != fs::file_type::directory) {
    throw_unusable(path, std::make_error_code(std::errc::not_a_directory));
  }
  fs::directory_iterator entry(path, error);
  while (!error && entry != fs::directory_iterator() && is_leftover(*entry)) entry.increment(error);
  if (error) throw_unusable(path, error);
  if (existing == Existing::refuse && entry != fs::directory_iterator()) {
    throw InvalidArgument(
        fmt::format("{} is not empty: say --resume to continue the sweep in it, --overwrite to "
                    "replace its results, or name another folder with --out",
                    path.string()));
  }
}

// Delegates, so that the destructor undoes what follows if it throws.
OutputFolder::OutputFolder(fs::path path, Existing existing, Busy busy)
    : OutputFolder(std::move(path)) {
  const fs::path wanted = path_;
  do {
    if (existing == Existing::avoid) {
      make_new(wanted);
    } else {
      make();
    }
    lock(existing == Existing::share ? LOCK_SH : LOCK_EX, busy);
    // Whoever had it before may have removed it while this opened it.
  } while (!is_open_as(fd_, path_));
  check_output_folder(path_, existing);  // as it is now that nobody else writes into it
  if (existing != Existing::share) remove_leftovers(path_);
}

OutputFolder::~OutputFolder() {
  for (const fs::path& folder : made_) rmdir(folder.c_str());  // refuses one that is not empty
  if (fd_ >= 0) close(fd_);
}

void OutputFolder::make() {
  std::error_code error;
  made_.clear();
  for (fs::path folder = path_; !folder.empty() && !fs::exists(folder, error);
       folder = folder.parent_path()) {
    made_.push_back(folder);
  }
  fs::create_directories(path_, error);
  if (error) throw_unusable(path_, error);
}

void OutputFolder::make_new(const fs::path& wanted) {
  for (int number = 1;;) {
    path_ = wanted.parent_path();
    make();
    path_ = wanted;
    if (number > 1) path_ += fmt::format("-{}", number);
    // If several programs try, one of them makes it. A parent may be gone again: its maker's sweep
    // failed.
    if (mkdir(path_.c_str(), 0777) == 0) break;
    if (errno != EEXIST && errno != ENOENT) throw_unusable(path_, {errno, std::generic_category()});
    if (errno == EEXIST) ++number;
  }
  made_.insert(made_.begin(), path_);
}

void OutputFolder::lock(int kind, Busy busy) {
  if (fd_ >= 0) close(fd_);
  fd_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd_ < 0) throw_unusable(path_, {errno, std::generic_category()});
  for (bool told = false; flock(fd_, kind | LOCK_NB) != 0; told = true) {
    if (errno != EWOULDBLOCK) throw_unusable(path_, {errno, std::generic_category()});
    if (busy == Busy::refuse) {
      throw DataError(
          fmt::format("{} is in use by another run of saltus: wait for its end, or name another "
                      "folder with --out",
                      path_.string()));
    }
    if (!told) note("saltus: waits for another run of saltus in {}\n", path_.string());
    throw_if_interrupted();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

}  // namespace saltus::app
