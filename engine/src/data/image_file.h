#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <vector>

namespace saltus {

struct ImageSize {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t channels = 0;

  bool operator==(const ImageSize&) const = default;
};

/// Adds the pixels of a PNG or JPEG file, whose first bytes tell which it is, to `pixels`, as
/// [height][width][channels]. A PNG has 1 channel (grey), 2 (grey and opacity), 3 (colours, also
/// those of a palette) or 4 (colours and opacity), with its values as they are in the file, those
/// of fewer than 8 bits stretched to 8; a JPEG has 1 or 3. `on_size` is called before memory is
/// taken for them, and may throw. Throws DataError, naming the byte, for a file that is damaged,
/// ends too soon, claims more pixels than its bytes can hold, or is of 16 bits or of inks.
void read_image(const std::filesystem::path& path,
                const std::function<void(const ImageSize&)>& on_size,
                std::vector<std::uint8_t>& pixels);

/// The way in which one of the two formats is read, once its signature was found. What fails is
/// thrown as DataError.
void read_png(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
              const std::function<void(const ImageSize&)>& on_size,
              std::vector<std::uint8_t>& pixels);
void read_jpeg(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
               const std::function<void(const ImageSize&)>& on_size,
               std::vector<std::uint8_t>& pixels);

/// Makes room at the end of `pixels` for an image that a file of so many bytes claims to hold;
/// `most_per_byte` is what its format can make of one. Throws DataError where it claims more.
std::uint8_t* make_room(const std::filesystem::path& path, const ImageSize& size,
                        std::size_t file_bytes, std::int64_t most_per_byte,
                        std::vector<std::uint8_t>& pixels);

}  // namespace saltus
