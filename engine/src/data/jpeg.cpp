// libjpeg leaves a failed call by longjmp(), as png.cpp says.
#include <array>
#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs it
#include <string>

#include <fmt/format.h>
#include <jpeglib.h>

#include <saltus/error.h>

#include "data/image_file.h"

namespace saltus {
namespace {

// A block of 64 values takes a bit at least, and an MCU of 10 blocks decodes to 512 pixels of 3
// channels at most.
constexpr std::int64_t kMostPerJpegByte = 512 * 3 * 8 / 10 + 1;

class JpegReader {
 public:
  JpegReader(const std::filesystem::path& path, std::span<const std::uint8_t> bytes)
      : path_(path), bytes_(bytes) {
    jpeg_.err = jpeg_std_error(&errors_);
    jpeg_.client_data = this;
    errors_.error_exit = fail;
    errors_.emit_message = [](j_common_ptr jpeg, int level) {
      if (level < 0) fail(jpeg);  // the data is damaged, but libjpeg would guess
    };
  }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&jpeg_); }

  ImageSize read_header() {
    if (!try_header()) refuse();
    switch (jpeg_.jpeg_color_space) {
      case JCS_GRAYSCALE:
        jpeg_.out_color_space = JCS_GRAYSCALE;
        return {.height = jpeg_.image_height, .width = jpeg_.image_width, .channels = 1};
      case JCS_YCbCr:
      case JCS_RGB:
        jpeg_.out_color_space = JCS_RGB;
        return {.height = jpeg_.image_height, .width = jpeg_.image_width, .channels = 3};
      default:
        throw DataError(fmt::format(
            "{}: a JPEG of inks or unknown colours, expected grey or red, green and blue: convert "
            "the image",
            path_.string()));
    }
  }

  /// Fills [height][width][channels].
  void read_pixels(const ImageSize& size, std::uint8_t* pixels) {
    if (!try_pixels(static_cast<std::size_t>(size.width * size.channels), pixels)) refuse();
  }

 private:
  static void fail(j_common_ptr jpeg) {
    auto& self = *static_cast<JpegReader*>(jpeg->client_data);
    jpeg->err->format_message(jpeg, self.message_.data());
    if (self.jpeg_.src != nullptr) self.unread_ = self.jpeg_.src->bytes_in_buffer;
    std::longjmp(self.place_, 1);  // NOLINT(cert-err52-cpp): libjpeg's way
  }

  bool try_header() {
    if (setjmp(place_) != 0) return false;  // NOLINT(cert-err52-cpp)
    jpeg_create_decompress(&jpeg_);
    jpeg_mem_src(&jpeg_, bytes_.data(), bytes_.size());
    jpeg_read_header(&jpeg_, TRUE);
    return true;
  }

  bool try_pixels(std::size_t row_bytes, std::uint8_t* pixels) {
    if (setjmp(place_) != 0) return false;  // NOLINT(cert-err52-cpp)
    jpeg_start_decompress(&jpeg_);
    while (jpeg_.output_scanline < jpeg_.output_height) {
      JSAMPROW row = pixels + jpeg_.output_scanline * row_bytes;
      jpeg_read_scanlines(&jpeg_, &row, 1);
    }
    jpeg_finish_decompress(&jpeg_);
    return true;
  }

  [[noreturn]] void refuse() const {
    throw DataError(fmt::format("{}, byte {}: the JPEG data is damaged: {}", path_.string(),
                                bytes_.size() - unread_, message_.data()));
  }

  const std::filesystem::path& path_;
  std::span<const std::uint8_t> bytes_;
  std::size_t unread_ = 0;  // when it failed
  jpeg_decompress_struct jpeg_{};
  jpeg_error_mgr errors_{};
  std::jmp_buf place_{};
  std::array<char, JMSG_LENGTH_MAX> message_{};
};

}  // namespace

void read_jpeg(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
               const std::function<void(const ImageSize&)>& on_size,
               std::vector<std::uint8_t>& pixels) {
  JpegReader reader(path, bytes);
  const ImageSize size = reader.read_header();
  on_size(size);
  reader.read_pixels(size, make_room(path, size, bytes.size(), kMostPerJpegByte, pixels));
}

}  // namespace saltus
