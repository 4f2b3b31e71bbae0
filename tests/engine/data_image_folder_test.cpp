#include <cstdio>
#include <cstdlib>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <jpeglib.h>

#include <saltus/dataset.h>

#include "tests/engine/data_support.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string word(std::uint32_t value) {
  std::string bytes;
  for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<char>(value >> shift & 0xffU));
  return bytes;
}

std::string chunk(const std::string& type, const std::string& data) {
  const std::string both = type + data;
  const auto crc =
      crc32(0, reinterpret_cast<const Bytef*>(both.data()), static_cast<uInt>(both.size()));
  return word(static_cast<std::uint32_t>(data.size())) + both +
         word(static_cast<std::uint32_t>(crc));
}

std::string zlib(const std::string& data) {
  uLongf size = compressBound(data.size());
  std::string out(size, '\0');
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(out.data()), &size,
                     reinterpret_cast<const Bytef*>(data.data()), data.size()),
            Z_OK);
  out.resize(size);
  return out;
}

enum Colors : char { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

struct Png {
  std::uint32_t height = 1;
  std::uint32_t width = 1;
  Colors colors = kGrey;
  std::string rows;  ///< each with its filter byte, as in the file
  char depth = 8;
  char interlaced = 0;
  std::string palette = {};
};

std::string png(const Png& image) {
  std::string out = "\x89PNG\r\n\x1a\n";
  out += chunk("IHDR", word(image.width) + word(image.height) +
                           std::string{image.depth, image.colors, 0, 0, image.interlaced});
  if (!image.palette.empty()) out += chunk("PLTE", image.palette);
  return out + chunk("IDAT", zlib(image.rows)) + chunk("IEND", "");
}

/// A grey image of one row.
std::string row(const std::string& values) {
  return png({.width = static_cast<std::uint32_t>(values.size()), .rows = '\0' + values});
}

/// A JPEG without loss but for rounding: blocks of 8 x 8 pixels of one colour each, in a row.
std::string jpeg(const std::vector<std::vector<std::uint8_t>>& blocks) {
  jpeg_compress_struct jpeg{};
  jpeg_error_mgr errors{};
  jpeg.err = jpeg_std_error(&errors);
  jpeg_create_compress(&jpeg);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&jpeg, &bytes, &size);
  jpeg.image_width = static_cast<JDIMENSION>(8 * blocks.size());
  jpeg.image_height = 8;
  jpeg.input_components = static_cast<int>(blocks[0].size());
  jpeg.in_color_space = jpeg.input_components == 1   ? JCS_GRAYSCALE
                        : jpeg.input_components == 3 ? JCS_RGB
                                                     : JCS_CMYK;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, 100, TRUE);
  jpeg.comp_info[0].h_samp_factor = jpeg.comp_info[0].v_samp_factor = 1;
  std::vector<std::uint8_t> line;
  for (const auto& block : blocks) {
    for (int x = 0; x < 8; ++x) line.insert(line.end(), block.begin(), block.end());
  }
  jpeg_start_compress(&jpeg, TRUE);
  for (int y = 0; y < 8; ++y) {
    JSAMPROW pixels = line.data();
    jpeg_write_scanlines(&jpeg, &pixels, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  std::string out(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);  // NOLINT: libjpeg's
  return out;
}

class ImageFolder : public DataTest {
 protected:
  void add(const std::string& file, const std::string& bytes) const {
    fs::create_directories((folder() / file).parent_path());
    put(folder() / file, bytes);
  }
  /// Two classes with an image each in both sets.
  void fill(const std::string& a, const std::string& b) const {
    add("train/a/1.png", a);
    add("train/b/1.png", b);
    add("test/a/1.png", a);
    add("test/b/1.png", b);
  }
  ImageDataset load() const { return load_dataset(folder().string()); }
  std::string error() const {
    return data_error([this] { load(); });
  }
  static std::vector<int> values(const ImageSet& set) {
    const auto& pixels = std::get<std::vector<std::uint8_t>>(set.pixels);
    return {pixels.begin(), pixels.end()};
  }
  /// The pixels of such an image, read beside itself.
  std::vector<int> pixels_of(const std::string& bytes) const {
    fill(bytes, bytes);
    std::vector<int> all = values(load().train);
    all.resize(all.size() / 2);
    return all;
  }
};

TEST_F(ImageFolder, ClassesAreTheFoldersByName) {
  add("train/zebra/1.png", row("\1\2"));
  add("train/Ant/x.PNG", row("\3\4"));
  add("train/bee/1.png", row("\5\6"));
  add("test/bee/7.png", row("\7\10"));
  const ImageDataset data = load();
  EXPECT_EQ(data.name, folder().filename());
  EXPECT_EQ(data.classes, 3);
  EXPECT_THAT(data.class_names, ElementsAre("Ant", "bee", "zebra"));
  EXPECT_EQ(data.train.count, 3);
  EXPECT_EQ(data.train.height, 1);
  EXPECT_EQ(data.train.width, 2);
  EXPECT_EQ(data.train.channels, 1);
  EXPECT_THAT(data.train.labels, ElementsAre(0, 1, 2));
  EXPECT_THAT(values(data.train), ElementsAre(3, 4, 5, 6, 1, 2));
  EXPECT_THAT(data.test.labels, ElementsAre(1));
  EXPECT_EQ(data.test.images_md5, md5("\7\10"));
}

TEST_F(ImageFolder, EachClassIsSpreadOverTheSet) {
  for (int i = 0; i < 6; ++i) add(fmt::format("train/a/{}.png", i), row(std::string(1, char(i))));
  for (int i = 0; i < 2; ++i)
    add(fmt::format("train/b/{}.png", i), row(std::string(1, char(10 + i))));
  add("test/a/1.png", row("\1"));
  const ImageDataset data = load();
  EXPECT_THAT(data.train.labels, ElementsAre(0, 0, 1, 0, 0, 0, 1, 0));
  EXPECT_THAT(values(data.train), ElementsAre(0, 1, 10, 2, 3, 4, 11, 5));
}

TEST_F(ImageFolder, ReadsEveryKindOfPng) {
  using namespace std::string_literals;
  EXPECT_THAT(pixels_of(png({2, 2, kGrey, "\0\1\2\0\3\4"s})), ElementsAre(1, 2, 3, 4));
  // The second row as the difference to the first: filter 2.
  EXPECT_THAT(pixels_of(png({2, 2, kGrey, "\0\1\2\2\3\4"s})), ElementsAre(1, 2, 4, 6));
  EXPECT_THAT(pixels_of(png({1, 2, kRgb, "\0\1\2\3\4\5\6"s})), ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(pixels_of(png({1, 2, kGreyAlpha, "\0\1\2\3\4"s})), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(pixels_of(png({1, 1, kRgba, "\0\1\2\3\4"s})), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(pixels_of(png({1, 2, kPalette, "\0\1\0"s, 8, 0, "\1\2\3\4\5\6"})),
              ElementsAre(4, 5, 6, 1, 2, 3));
  EXPECT_THAT(pixels_of(png({1, 4, kGrey, "\0\x1b"s, 2})), ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(pixels_of(png({1, 3, kGrey, "\0\xa0"s, 1})), ElementsAre(255, 0, 255));
  // Adam7 has the pixels (0, 0), then (0, 1), then the second row.
  EXPECT_THAT(pixels_of(png({2, 2, kGrey, "\0\1\0\2\0\3\4"s, 8, 1})), ElementsAre(1, 2, 3, 4));
}

TEST_F(ImageFolder, ReadsJpeg) {
  add("train/a/1.jpg", jpeg({{40}, {200}}));
  add("train/b/1.JPEG", jpeg({{0}, {255}}));
  add("test/a/1.jpeg", jpeg({{40}, {200}}));
  const ImageDataset data = load();
  EXPECT_EQ(data.train.height, 8);
  EXPECT_EQ(data.train.width, 16);
  EXPECT_EQ(data.train.channels, 1);
  const std::vector<int> pixels = values(data.train);
  EXPECT_EQ(pixels[7], 40);
  EXPECT_EQ(pixels[8], 200);
  EXPECT_EQ(pixels[128], 0);
  EXPECT_EQ(pixels[255], 255);
}

TEST_F(ImageFolder, ReadsColoursOfJpeg) {
  const std::string image = jpeg({{10, 100, 200}, {250, 5, 90}});
  fill(image, image);  // the first bytes tell, not the name
  const ImageDataset data = load();
  EXPECT_EQ(data.train.channels, 3);
  const std::vector<int> pixels = values(data.train);
  const std::vector<int> expected = {10, 100, 200};
  const std::vector<int> right = {250, 5, 90};
  for (std::size_t c = 0; c < 3; ++c) {
    // Rounded to whole luminance and colour differences, and back: up to 1.8 / 2 each.
    EXPECT_NEAR(pixels[c], expected[c], 2);
    EXPECT_NEAR(pixels[15 * 3 + c], right[c], 2);
  }
}

TEST_F(ImageFolder, NamesTheFirstImageThatDiffers) {
  fill(row("\1\2"), row("\1\2"));
  add("train/a/2.png", row("\1\2\3"));
  EXPECT_THAT(error(), HasSubstr("train/a/2.png: 1 x 3 x 1 (height x width x channels), expected "
                                 "1 x 2 x 1 as in"));
  EXPECT_THAT(error(), HasSubstr("train/a/1.png: all images must be alike"));
  fs::remove(folder() / "train/a/2.png");
  add("test/b/1.png", png({1, 2, kRgb, std::string("\0\1\2\3\4\5\6", 7)}));
  EXPECT_THAT(error(), HasSubstr("test/b/1.png: 1 x 2 x 3"));
}

TEST_F(ImageFolder, PassesOverWhatIsHiddenAndFollowsLinks) {
  fill(row("\1"), row("\2"));
  add("train/.DS_Store", "x");
  add("train/a/.hidden.txt", "x");
  fs::create_symlink(folder() / "train/b/1.png", folder() / "train/b/2.png");
  fs::create_directory_symlink(folder() / "train/b", folder() / "train/c");
  const ImageDataset data = load();
  EXPECT_EQ(data.train.count, 5);
  EXPECT_EQ(data.classes, 3);
}

TEST_F(ImageFolder, RefusesWhatItWouldHaveToLeaveOut) {
  fill(row("\1"), row("\2"));
  add("train/a/2.bmp", "x");
  EXPECT_THAT(error(), HasSubstr("train/a/2.bmp is no file .png, .jpg or .jpeg: convert it"));
  fs::remove(folder() / "train/a/2.bmp");
  fs::create_directory(folder() / "train/a/deeper.png");
  EXPECT_THAT(error(), HasSubstr("deeper.png is no file"));
  fs::remove(folder() / "train/a/deeper.png");
  add("train/readme.txt", "x");
  EXPECT_THAT(error(), HasSubstr("train/readme.txt is no folder"));
}

TEST_F(ImageFolder, RefusesClassesThatDoNotMatch) {
  fill(row("\1"), row("\2"));
  add("test/c/1.png", row("\1"));
  EXPECT_THAT(error(), HasSubstr("test/c is a class that"));
  fs::remove_all(folder() / "test/c");
  fs::create_directory(folder() / "train/c");
  EXPECT_THAT(error(), HasSubstr("train/c holds no images"));
  fs::remove(folder() / "train/c");
  fs::remove_all(folder() / "train/b");
  fs::remove_all(folder() / "test/b");
  EXPECT_THAT(error(), HasSubstr("train holds 1 folders, expected two or more"));
}

TEST_F(ImageFolder, NeedsBothSets) {
  add("train/a/1.png", row("\1"));
  add("train/b/1.png", row("\1"));
  EXPECT_THAT(error(), HasSubstr("there is no folder"));
  fs::create_directories(folder() / "test/a");
  EXPECT_THAT(error(), HasSubstr("test holds no images"));
}

TEST_F(ImageFolder, RefusesDamagedImages) {
  const std::string whole = row(noise(100));
  const auto refused = [&](const std::string& bytes, const std::string& what) {
    fill(bytes, bytes);
    EXPECT_THAT(error(), HasSubstr("train/a/1.png, byte " + what));
  };
  refused("GIF89a", "0: neither PNG nor JPEG");
  refused("", "0: neither PNG nor JPEG");
  for (std::size_t size = 8; size < whole.size(); size += 7) {
    refused(whole.substr(0, size), fmt::format("{}: the PNG data is damaged: the file ends", size));
  }
  std::string wrong = whole;
  wrong[60] = static_cast<char>(wrong[60] ^ 1);
  // What is behind the data: a checksum, and a chunk of 12 bytes.
  refused(wrong, fmt::format("{}: the PNG data is damaged: ", whole.size() - 16));
  refused(png({1, 1, kGrey, std::string(3, '\0'), 16}), "24: 16 bits a channel, expected 8");
  const std::string picture = jpeg({{40}, {200}});
  for (const std::size_t size : {std::size_t{100}, picture.size() - 10}) {
    fill(picture.substr(0, size), row("\1"));
    EXPECT_THAT(error(), HasSubstr("the JPEG data is damaged: Premature end of JPEG file"));
  }
}

TEST_F(ImageFolder, RefusesInks) {
  const std::string image = jpeg({{1, 2, 3, 4}});
  fill(image, image);
  EXPECT_THAT(error(), HasSubstr("a JPEG of inks or unknown colours"));
}

TEST_F(ImageFolder, RefusesClaimsThatAFileCannotHold) {
  fill(png({.height = 60000, .width = 60000, .rows = "x"}), row("\1"));
  EXPECT_THAT(error(),
              HasSubstr("the header announces 60000 x 60000 pixels of 1 channels, expected "
                        "at most"));
  // The sizes of a frame stand 5 bytes behind its marker.
  std::string image = jpeg({{40}, {200}});
  const std::size_t frame = image.find("\xff\xc0");
  ASSERT_NE(frame, std::string::npos);
  image.replace(frame + 5, 4, "\xff\x00\xff\x00", 4);
  fill(image, row("\1"));
  EXPECT_THAT(error(), HasSubstr("the header announces 65280 x 65280 pixels"));
}

}  // namespace
}  // namespace saltus
