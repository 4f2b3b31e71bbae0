#include "backend/cuda/libraries/link_cache.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <system_error>

#include <fmt/format.h>
#include <zlib.h>

#include <saltus/error.h>

#include "core/file.h"

namespace saltus::cuda {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kExtension = ".linked";
constexpr std::int64_t kLargest = std::int64_t{1} << 30;

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

/// The line that a file begins with; key and code follow.
std::string head_of(std::string_view key, std::string_view code) {
  return fmt::format("saltus linked code 1, {} {} {:08x} {:08x}\n", key.size(), code.size(),
                     checksum(key), checksum(code));
}

fs::path absolute_in_environment(const char* variable) {
  const char* const value = std::getenv(variable);
  const fs::path folder = value == nullptr ? "" : value;
  return folder.is_absolute() ? folder : fs::path();
}

}  // namespace

fs::path LinkCache::file_of(std::string_view key) const {
  // FNV-1a. Keys that meet in one name take turns: a file holds its key.
  std::uint64_t hash = 0xcbf29ce484222325U;
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return folder_ / fmt::format("{:016x}{}", hash, kExtension);
}

std::optional<std::string> LinkCache::find(std::string_view key) const try {
  if (folder_.empty()) return std::nullopt;
  const fs::path path = file_of(key);
  if (!fs::exists(path)) return std::nullopt;
  const std::string file = read_file(path, kLargest);
  const std::size_t line = file.find('\n');
  if (line == std::string::npos) return std::nullopt;
  const std::string_view rest = std::string_view(file).substr(line + 1);
  if (!rest.starts_with(key)) return std::nullopt;
  const std::string_view code = rest.substr(key.size());
  if (std::string_view(file).substr(0, line + 1) != head_of(key, code)) return std::nullopt;
  return std::string(code);
} catch (const std::exception&) {  // as if it were not there
  return std::nullopt;
}

void LinkCache::keep(std::string_view key, std::string_view code) const try {
  if (folder_.empty()) return;
  create_folders(folder_);
  const std::string head = head_of(key, code);
  write_file_atomic(file_of(key), std::array<std::string_view, 3>{head, key, code});
  remove_oldest();
} catch (const std::exception&) {  // a full disk, a folder of somebody else's
  return;
}

void LinkCache::remove_oldest() const {
  std::multimap<fs::file_time_type, fs::path> by_age;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_))
    if (entry.path().extension() == kExtension)
      by_age.emplace(entry.last_write_time(), entry.path());
  for (; by_age.size() > kMost; by_age.erase(by_age.begin())) remove_file(by_age.begin()->second);
}

fs::path link_cache_folder() {
  if (fs::path cache = absolute_in_environment("XDG_CACHE_HOME"); !cache.empty())
    return cache / "saltus" / "linked";
  const fs::path home = absolute_in_environment("HOME");
  return home.empty() ? home : home / ".cache" / "saltus" / "linked";
}

}  // namespace saltus::cuda
