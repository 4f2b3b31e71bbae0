#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace saltus {

/// What an IDX file holds.
struct IdxArray {
  std::vector<std::int64_t> dims;

  /// [dims...], row-major: unsigned bytes as such; signed bytes and integers of 16 and 32 bits as
  /// integers; floats of 32 and 64 bits as floats, all of them finite.
  std::variant<std::vector<std::uint8_t>, std::vector<std::int32_t>, std::vector<float>> values;

  std::string type;              ///< in words: "32-bit floats"
  std::int64_t value_bytes = 1;  ///< of one value in the file
  std::string md5;               ///< of the decompressed file, in hex
};

/// The most that one file may announce: 4 GiB of values.
inline constexpr std::int64_t kMaxIdxBytes = std::int64_t{1} << 32;

/// Reads an IDX file, plain or gzip: 00 00 TYPE RANK, RANK sizes of 32 bits, then exactly the
/// values, all with the most significant byte first (format: Y. LeCun's MNIST page). A file that is
/// short, longer than its header announces, of an unknown type, or of a rank outside [min_rank,
/// max_rank], and a float that is not finite or too large for 32 bits, is a DataError that names
/// the file, the byte offset and what was expected. Memory grows with the data that is really
/// there, never by what the header claims.
IdxArray read_idx(const std::filesystem::path& path, int min_rank, int max_rank);

}  // namespace saltus
