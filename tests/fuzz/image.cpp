// PNG and JPEG.
#include <algorithm>

#include <zlib.h>

#include "data/image_file.h"
#include "tests/fuzz/bytes_file.h"
#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace saltus;
  static const fuzz::BytesFile file;
  std::vector<std::uint8_t> pixels;
  ImageSize found;
  try {
    read_image(
        file.holding(data, size), [&](const ImageSize& one) { found = one; }, pixels);
    fuzz::require(found.height > 0 && found.width > 0 && found.channels > 0 && found.channels <= 4);
    fuzz::require(static_cast<std::int64_t>(pixels.size()) ==
                  found.height * found.width * found.channels);
  } catch (const DataError&) {
  }
  // A byte is a bit of each of 8 pixels, as often as deflate can repeat it.
  fuzz::require(pixels.size() <= 8 * 1032 * size);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned int /*seed*/) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (size < 8 || data[1] != 'P') return size;
  // Each chunk of a PNG gets its right checksum, so that what is in it is looked at.
  for (std::size_t at = 8; size - at >= 12;) {
    std::size_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | data[at + i];
    if (length > size - at - 12) break;
    const auto crc = crc32(0, data + at + 4, static_cast<uInt>(length + 4));
    for (std::size_t i = 0; i < 4; ++i)
      data[at + 8 + length + i] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    at += length + 12;
  }
  return size;
}
