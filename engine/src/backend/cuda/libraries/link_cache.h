#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace saltus::cuda {

/// Linked code, kept between programs by what it was made from.
class LinkCache {
 public:
  /// Keeps nothing where the path is empty.
  explicit LinkCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// The code that was kept under this key; nothing where there is none, or its file is broken.
  std::optional<std::string> find(std::string_view key) const;

  /// Keeps code, whole or not at all; what cannot be written is not kept. Of more than kMost files
  /// the oldest go.
  void keep(std::string_view key, std::string_view code) const;

  static constexpr std::size_t kMost = 64;

 private:
  std::filesystem::path file_of(std::string_view key) const;
  void remove_oldest() const;

  std::filesystem::path folder_;
};

/// "$XDG_CACHE_HOME/saltus/linked" or "~/.cache/saltus/linked"; empty where neither variable is an
/// absolute path.
std::filesystem::path link_cache_folder();

}  // namespace saltus::cuda
