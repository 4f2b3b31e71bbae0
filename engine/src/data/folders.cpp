#include "data/folders.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <system_error>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <saltus/error.h>

namespace saltus {
namespace {

namespace fs = std::filesystem;

// The XDG rules: an empty or a relative path counts as not set.
fs::path folder_in_environment(const char* variable) {
  const char* value = std::getenv(variable);
  const fs::path folder = value == nullptr ? "" : value;
  return folder.is_absolute() ? folder : fs::path();
}

fs::path home_folder() {
  if (fs::path home = folder_in_environment("HOME"); !home.empty()) return home;
  const passwd* user = ::getpwuid(::getuid());
  if (user == nullptr || user->pw_dir == nullptr || *user->pw_dir == '\0') {
    throw DataError(
        "there is no home folder to keep data sets in; set SALTUS_DATA_DIR to a folder");
  }
  return user->pw_dir;
}

}  // namespace

fs::path default_data_dir() {
  // Unlike the XDG variables, a relative one is what the user meant: from the current folder.
  if (const char* own = std::getenv("SALTUS_DATA_DIR"); own != nullptr && *own != '\0') return own;
  if (fs::path cache = folder_in_environment("XDG_CACHE_HOME"); !cache.empty()) {
    return cache / "saltus";
  }
  return home_folder() / ".cache" / "saltus";
}

std::string_view part_name(Part part) {
  constexpr std::array<std::string_view, 4> kNames = {"training images", "training labels",
                                                      "test images", "test labels"};
  return kNames[static_cast<std::size_t>(part)];
}

bool is_images(Part part) {
  return part == Part::train_images || part == Part::test_images;
}

std::string_view file_name(Part part) {
  constexpr std::array<std::string_view, 4> kNames = {
      "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
      "t10k-labels-idx1-ubyte"};
  return kNames[static_cast<std::size_t>(part)];
}

std::string wrong_checksum(const fs::path& path, std::string_view found,
                           std::string_view expected) {
  return fmt::format("{}: the MD5 of the decompressed bytes is {}, expected {}", path.string(),
                     found, expected);
}

std::vector<fs::path> files_of_part(const fs::path& folder, Part part) {
  // "train-images-idx3-ubyte": some mirrors write '.' for the last but one '-'; images that have
  // channels are of rank 4.
  const std::string name(file_name(part));
  const std::size_t idx = name.find("idx");
  std::vector<fs::path> found;
  for (const char rank : is_images(part) ? std::string_view("34") : std::string_view("1")) {
    for (const char separator : {'-', '.'}) {
      for (const std::string_view suffix : {"", ".gz"}) {
        std::string variant = name;
        variant[idx - 1] = separator;
        variant[idx + 3] = rank;
        const fs::path file = folder / variant.append(suffix);
        std::error_code ignored;
        if (fs::exists(file, ignored)) found.push_back(file);
      }
    }
  }
  return found;
}

const KnownDataset* find_known(std::string_view name) {
  const auto& all = known_datasets();
  const auto found = std::ranges::find(all, name, &KnownDataset::name);
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> known_names() {
  std::vector<std::string> names;
  for (const KnownDataset& known : known_datasets()) names.push_back(known.name);
  return names;
}

std::string folder_name(const fs::path& folder) {
  std::error_code error;
  const fs::path path =
      fs::canonical(folder, error);  // "." and "folder/.." have no name of their own
  return (error ? folder : path).filename().string();
}

fs::path cache_folder(const KnownDataset& known, const FetchOptions& options) {
  return (options.data_dir.empty() ? default_data_dir() : options.data_dir) / known.name;
}

std::vector<fs::path> search_folders(const KnownDataset& known, const FetchOptions& options) {
  std::vector<fs::path> folders = {cache_folder(known, options)};
  if (!known.debian_folder.empty()) folders.emplace_back(known.debian_folder);
  return folders;
}

}  // namespace saltus
