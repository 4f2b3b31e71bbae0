// libpng leaves a failed call by longjmp(). Every function that calls setjmp() here has no object
// with a destructor, and neither has anything between it and the library's call of fail().
#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstddef>
#include <new>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <png.h>

#include <saltus/error.h>

#include "data/image_file.h"

namespace saltus {
namespace {

// deflate's best case: 258 equal bytes in two bits; and 8 pixels of one bit in a byte.
constexpr std::int64_t kMostPerPngByte = std::int64_t{1032} * 8;

class PngReader {
 public:
  PngReader(const std::filesystem::path& path, std::span<const std::uint8_t> bytes)
      : path_(path), bytes_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, fail, [](png_structp, auto) {});
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png_, this, read);
  }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  ImageSize read_header() {
    if (!try_header()) refuse();
    if (png_get_bit_depth(png_, info_) == 16) {
      throw DataError(
          fmt::format("{}, byte 24: 16 bits a channel, expected 8 or fewer: convert the image",
                      path_.string()));
    }
    return {.height = png_get_image_height(png_, info_),
            .width = png_get_image_width(png_, info_),
            .channels = channels()};
  }

  /// Fills [height][width][channels].
  void read_pixels(const ImageSize& size, std::uint8_t* pixels) {
    if (!try_pixels(size, pixels)) refuse();
  }

 private:
  static void fail(png_structp png, png_const_charp what) {
    auto& self = *static_cast<PngReader*>(png_get_error_ptr(png));
    const std::string_view text(what);
    self.message_length_ = std::min(text.size(), self.message_.size());
    std::copy_n(text.begin(), self.message_length_, self.message_.begin());
    png_longjmp(png, 1);
  }

  static void read(png_structp png, png_bytep out, std::size_t size) {
    auto& self = *static_cast<PngReader*>(png_get_io_ptr(png));
    if (size > self.bytes_.size() - self.done_) {
      self.done_ = self.bytes_.size();
      png_error(png, "the file ends, expected more of the image");
    }
    std::copy_n(self.bytes_.data() + self.done_, size, out);
    self.done_ += size;
  }

  bool try_header() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;  // NOLINT(cert-err52-cpp): libpng's way
    png_read_info(png_, info_);
    return true;
  }

  bool try_pixels(const ImageSize& size, png_bytep pixels) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;  // NOLINT(cert-err52-cpp)
    const int passes = png_set_interlace_handling(png_);
    png_set_palette_to_rgb(png_);
    png_set_expand_gray_1_2_4_to_8(png_);
    png_read_update_info(png_, info_);
    const auto row_bytes = static_cast<std::size_t>(size.width * size.channels);
    for (int pass = 0; pass < passes; ++pass) {
      for (std::size_t y = 0; y < static_cast<std::size_t>(size.height); ++y)
        png_read_row(png_, pixels + y * row_bytes, nullptr);
    }
    png_read_end(png_, nullptr);
    return true;
  }

  /// After palettes became colours.
  std::int64_t channels() const {
    const int type = png_get_color_type(png_, info_);
    if (type == PNG_COLOR_TYPE_PALETTE) return 3;
    return png_get_channels(png_, info_);
  }

  [[noreturn]] void refuse() const {
    throw DataError(fmt::format("{}, byte {}: the PNG data is damaged: {}", path_.string(), done_,
                                std::string_view(message_.data(), message_length_)));
  }

  const std::filesystem::path& path_;
  std::span<const std::uint8_t> bytes_;
  std::size_t done_ = 0;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::array<char, 128> message_{};
  std::size_t message_length_ = 0;
};

}  // namespace

void read_png(const std::filesystem::path& path, std::span<const std::uint8_t> bytes,
              const std::function<void(const ImageSize&)>& on_size,
              std::vector<std::uint8_t>& pixels) {
  PngReader reader(path, bytes);
  const ImageSize size = reader.read_header();
  on_size(size);
  reader.read_pixels(size, make_room(path, size, bytes.size(), kMostPerPngByte, pixels));
}

}  // namespace saltus
