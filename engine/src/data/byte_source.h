#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <zlib.h>

#include "core/file.h"

namespace saltus {

/// The bytes of a file, inflated on the way where it is gzip (which its first two bytes tell, not
/// its name). Nothing is inflated before it is asked for, so a gzip bomb costs no memory.
class ByteSource {
 public:
  /// Throws DataError where the file cannot be read.
  explicit ByteSource(std::filesystem::path path);
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;
  ~ByteSource();

  /// Fills `out`; fewer bytes come only at the end of the data. At the end of each gzip member its
  /// CRC and length are checked; zeros behind the last one are ignored, as gzip does. Throws
  /// DataError naming the byte of the file that is wrong.
  std::size_t read(std::span<std::uint8_t> out);

  /// How many bytes read() has given.
  std::int64_t offset() const { return offset_; }

  /// An offset in words: "byte 16", or "byte 16 of the decompressed data".
  std::string describe(std::int64_t offset) const;

  /// How many bytes the file holds; for gzip, at most holds: what deflate could make of its size.
  std::int64_t max_bytes() const;

  const std::filesystem::path& path() const { return path_; }

 private:
  bool refill();
  std::size_t read_plain(std::span<std::uint8_t> out);
  std::size_t inflate_some(std::span<std::uint8_t> out);
  std::size_t skip_padding();
  [[noreturn]] void throw_gzip_error(std::string_view what) const;

  std::filesystem::path path_;
  FileDescriptor file_;
  std::int64_t file_bytes_ = 0;
  bool compressed_ = false;
  bool any_member_ = false;
  bool inside_member_ = false;
  bool padded_ = false;  // behind the last member
  std::int64_t offset_ = 0;
  std::int64_t file_offset_ = 0;  // of the end of what buffer_ holds
  std::array<std::uint8_t, 1 << 16> buffer_;
  std::span<const std::uint8_t> unread_;  // part of buffer_
  z_stream stream_{};
};

/// MD5 of a file's bytes, inflated where it is gzip, in hex. Throws DataError where the file cannot
/// be read, is not sound gzip, or holds more than `max_bytes`.
std::string md5_of_file(const std::filesystem::path& path, std::int64_t max_bytes);

}  // namespace saltus
