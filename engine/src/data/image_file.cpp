#include "data/image_file.h"

#include <algorithm>
#include <array>
#include <string>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"

namespace saltus {
namespace {

constexpr std::int64_t kMaxFileBytes = 1 << 26;
constexpr std::int64_t kMaxValues = 1 << 26;  // of an image

constexpr std::array<std::uint8_t, 8> kPngSignature = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
constexpr std::array<std::uint8_t, 2> kJpegSignature = {0xff, 0xd8};

bool begins_with(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> signature) {
  return bytes.size() >= signature.size() &&
         std::ranges::equal(bytes.first(signature.size()), signature);
}

}  // namespace

void read_image(const std::filesystem::path& path,
                const std::function<void(const ImageSize&)>& on_size,
                std::vector<std::uint8_t>& pixels) {
  const std::string text = read_file(path, kMaxFileBytes);
  const std::span bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  if (begins_with(bytes, kPngSignature)) return read_png(path, bytes, on_size, pixels);
  if (begins_with(bytes, kJpegSignature)) return read_jpeg(path, bytes, on_size, pixels);
  throw DataError(fmt::format(
      "{}, byte 0: neither PNG nor JPEG, whatever its name says: convert it, or remove it",
      path.string()));
}

std::uint8_t* make_room(const std::filesystem::path& path, const ImageSize& size,
                        std::size_t file_bytes, std::int64_t most_per_byte,
                        std::vector<std::uint8_t>& pixels) {
  // Extents are of 31 bits, and there are 4 channels at most.
  const std::int64_t row = size.width * size.channels;
  const std::int64_t most =
      std::min(kMaxValues, static_cast<std::int64_t>(file_bytes) * most_per_byte);
  if (size.height > most / row) {
    throw DataError(
        fmt::format("{}: the header announces {} x {} pixels of {} channels, expected at most {} "
                    "values in a file of {} bytes",
                    path.string(), size.height, size.width, size.channels, most, file_bytes));
  }
  const std::size_t before = pixels.size();
  pixels.resize(before + static_cast<std::size_t>(row * size.height));
  return pixels.data() + before;
}

}  // namespace saltus
