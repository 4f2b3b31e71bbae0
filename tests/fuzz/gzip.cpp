// The bytes of a file that may be gzip.
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/byte_source.h"
#include "tests/fuzz/bytes_file.h"
#include "tests/fuzz/gzip_mutator.h"
#include "tests/fuzz/target.h"

namespace {

constexpr std::size_t kMost = 1 << 15;

/// What comes in pieces of `step` bytes, up to kMost, or nothing where the file is refused before.
std::optional<std::string> read_in_steps(const std::filesystem::path& path, std::size_t step) {
  std::string all;
  try {
    saltus::ByteSource source(path);
    std::vector<std::uint8_t> piece(step);
    while (all.size() < kMost) {
      const std::size_t got = source.read(piece);
      all.append(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(got));
      saltus::fuzz::require(source.offset() == static_cast<std::int64_t>(all.size()));
      if (got < step) break;
    }
    return all;
  } catch (const saltus::DataError&) {
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const saltus::fuzz::BytesFile file;
  const std::filesystem::path path = file.holding(data, size);
  // In whatever pieces it is asked for, it is the same. Both sizes divide kMost. How early damage
  // is noticed depends on the size, so of what is longer, one may be refused.
  const auto small = read_in_steps(path, 64);
  const auto large = read_in_steps(path, 4096);
  const auto is_long = [](const auto& bytes) { return bytes && bytes->size() == kMost; };
  saltus::fuzz::require(small == large || (!small && is_long(large)) || (!large && is_long(small)));
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int seed) {
  return saltus::fuzz::mutate_gzip(data, size, max_size, seed);
}
