// What packed bytes stand for.
#pragma once

#include <cstdint>
#include <string>

#include <zlib.h>

namespace saltus::fuzz {

/// As far as it is sound, and at most 64 KiB. `window_bits` as zlib's: -15 for raw deflate, 15 + 16
/// for the first member of gzip.
inline std::string inflated(const std::uint8_t* data, std::size_t size, int window_bits) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits) != Z_OK) return "";
  std::string out(1 << 16, '\0');
  stream.next_in = const_cast<Bytef*>(data);
  stream.avail_in = static_cast<uInt>(size);
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace saltus::fuzz
