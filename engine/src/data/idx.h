#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace saltus {

/// What an IDX file of bytes holds.
struct IdxArray {
  std::vector<std::int64_t> dims;
  std::vector<std::uint8_t> values;  ///< [dims...], row-major
  std::string md5;                   ///< of the decompressed file, in hex
};

/// The most values that one file may announce: 4 GiB.
inline constexpr std::int64_t kMaxIdxValues = std::int64_t{1} << 32;

/// Reads an IDX file of unsigned bytes, plain or gzip: 00 00 08 RANK, RANK sizes of 32 bits, most
/// significant byte first, then exactly the values (format: Y. LeCun's MNIST page). A file that is
/// short, longer than its header announces, of another type, or of a rank outside [min_rank,
/// max_rank] is a DataError that names it, the byte offset and what was expected. Memory grows with
/// the data that is really there, never by what the header claims.
IdxArray read_idx(const std::filesystem::path& path, int min_rank, int max_rank);

}  // namespace saltus
