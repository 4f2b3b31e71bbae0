#include <cstdlib>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <saltus/dataset.h>

#include "tests/engine/data_support.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::HasSubstr;

class Dataset : public DataTest {
 protected:
  Dataset() {
    for (const auto& [name, bytes] : files) put(folder() / name, bytes);
  }

  void replace(const std::string& name, std::string_view bytes) const {
    put(folder() / name, bytes);
  }

  ImageDataset load() const { return load_dataset(folder().string()); }

  std::string error() const {
    return data_error([this] { load(); });
  }

  const std::map<std::string, std::string> files = small_files();
};

TEST_F(Dataset, HasTheNameOfItsFolderHoweverThatIsWritten) {
  const fs::path inner = folder() / "inner";
  fs::create_directory(inner);
  const fs::path link = folder() / "link";
  fs::create_directory_symlink(folder(), link);
  for (const fs::path& written :
       {folder() / "", folder() / ".", inner / "..", inner / "../inner/../", link,
        fs::proximate(folder()), fs::proximate(folder()) / "."}) {
    EXPECT_EQ(load_dataset(written.string()).name, folder().filename()) << written;
  }
}

TEST_F(Dataset, LoadsAFolder) {
  const ImageDataset data = load();
  EXPECT_EQ(data.name, folder().filename());
  EXPECT_EQ(data.source, folder());
  EXPECT_EQ(data.classes, 4);
  EXPECT_EQ(data.train.count, 12);
  EXPECT_EQ(data.test.count, 5);
  EXPECT_EQ(data.train.height, 3);
  EXPECT_EQ(data.train.width, 2);
  EXPECT_EQ(data.train.channels, 1);
  const std::string pixels = noise(72);
  const auto& bytes = std::get<std::vector<std::uint8_t>>(data.train.pixels);
  EXPECT_EQ(std::string(bytes.begin(), bytes.end()), pixels);
  EXPECT_EQ(data.test.labels, (std::vector<std::int32_t>{0, 1, 2, 3, 0}));
  EXPECT_EQ(data.train.images_md5, md5(files.at("train-images-idx3-ubyte")));
  EXPECT_EQ(data.test.labels_md5, md5(files.at("t10k-labels-idx1-ubyte")));
}

TEST_F(Dataset, TakesTheNamesThatMirrorsUse) {
  fs::rename(folder() / "train-images-idx3-ubyte", folder() / "train-images.idx3-ubyte");
  fs::remove(folder() / "t10k-labels-idx1-ubyte");
  replace("t10k-labels.idx1-ubyte.gz", gzip(files.at("t10k-labels-idx1-ubyte")));
  EXPECT_EQ(load().test.labels_md5, md5(files.at("t10k-labels-idx1-ubyte")));
}

TEST_F(Dataset, TakesImagesWithChannels) {
  for (const auto& name : {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"}) {
    fs::remove(folder() / name);
  }
  replace("train-images-idx4-ubyte", idx({12, 3, 2, 5}, noise(360)));
  replace("t10k-images-idx4-ubyte", idx({5, 3, 2, 5}, noise(150)));
  EXPECT_EQ(load().train.channels, 5);
  replace("t10k-images-idx4-ubyte", idx({5, 3, 5, 2}, noise(150)));
  EXPECT_THAT(error(),
              HasSubstr("t10k-images-idx4-ubyte, byte 8: images of 3 x 5 x 2, expected 3 x"));
}

TEST_F(Dataset, FirstImages) {
  const ImageDataset data = load();
  const ImageSet part = data.train.first(5);
  EXPECT_EQ(part.count, 5);
  const auto& all = std::get<std::vector<std::uint8_t>>(data.train.pixels);
  EXPECT_EQ(std::get<std::vector<std::uint8_t>>(part.pixels),
            std::vector<std::uint8_t>(all.begin(), all.begin() + 30));
  EXPECT_EQ(part.labels, (std::vector<std::int32_t>{0, 1, 2, 3, 0}));
  EXPECT_EQ(part.images_md5, data.train.images_md5);
  EXPECT_EQ(data.train.first(12).pixels, data.train.pixels);
  EXPECT_EQ(data.train.first(1000).count, 12);
  EXPECT_THROW(data.train.first(0), InvalidArgument);
}

TEST_F(Dataset, SamplesAreAView) {
  const ImageDataset data = load();
  const auto& pixels = std::get<std::vector<std::uint8_t>>(data.train.pixels);
  const Samples part = data.train.samples(5);
  EXPECT_EQ(part.count, 5);
  EXPECT_EQ(std::get<std::span<const std::uint8_t>>(part.inputs).data(), pixels.data());
  EXPECT_EQ(std::get<std::span<const std::uint8_t>>(part.inputs).size(), 30U);
  EXPECT_EQ(std::get<std::span<const std::int32_t>>(part.targets).data(), data.train.labels.data());
  EXPECT_EQ(std::get<std::span<const std::int32_t>>(part.targets).size(), 5U);
  EXPECT_EQ(data.train.samples(13).count, 12);
  EXPECT_EQ(data.train.samples().count, 12);
}

/// An IDX file of another type: 3 x 2 images whose values count up in big-endian halves or words.
std::string numbers(char type, std::uint32_t images, int bytes, int first) {
  std::string values;
  for (int i = 0; i < static_cast<int>(images) * 6; ++i) {
    for (int shift = 8 * bytes - 8; shift >= 0; shift -= 8) {
      values.push_back(static_cast<char>((first + i) >> shift & 0xff));
    }
  }
  std::string file = idx({images, 3, 2}, values);
  file[2] = type;
  return file;
}

TEST_F(Dataset, TakesImagesOfOtherTypesAsTheyAre) {
  replace("train-images-idx3-ubyte", numbers(0x0b, 12, 2, -3));
  EXPECT_THAT(error(), HasSubstr("t10k-images-idx3-ubyte, byte 2: the values are unsigned bytes, "
                                 "expected other than unsigned bytes as in the training images"));
  replace("t10k-images-idx3-ubyte", numbers(0x0c, 5, 4, 300));
  const ImageDataset data = load();
  const auto& train = std::get<std::vector<float>>(data.train.pixels);
  ASSERT_EQ(train.size(), 72U);
  EXPECT_EQ(train[0], -3.0F);
  EXPECT_EQ(train[71], 68.0F);
  EXPECT_EQ(std::get<std::vector<float>>(data.test.pixels)[29], 329.0F);
  const Samples samples = data.train.samples(2);
  EXPECT_EQ(std::get<std::span<const float>>(samples.inputs).data(), train.data());
  EXPECT_EQ(std::get<std::vector<float>>(data.train.first(2).pixels),
            std::vector<float>(train.begin(), train.begin() + 12));
}

TEST_F(Dataset, TakesLabelsOfAnyIntegerType) {
  using namespace std::string_view_literals;
  const auto labels = [&](char type, std::string_view bytes) {
    std::string file = idx({5}, bytes);
    file[2] = type;
    replace("t10k-labels-idx1-ubyte", file);
  };
  const std::vector<std::int32_t> expected = {0, 1, 2, 3, 0};
  labels(0x09, "\0\1\2\3\0"sv);
  EXPECT_EQ(load().test.labels, expected);
  labels(0x0b, "\0\0\0\1\0\2\0\3\0\0"sv);
  EXPECT_EQ(load().test.labels, expected);
  labels(0x0c, "\0\0\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\0"sv);
  EXPECT_EQ(load().test.labels, expected);
  labels(0x0b, "\0\0\0\1\0\2\0\4\0\0"sv);
  EXPECT_THAT(error(), HasSubstr("t10k-labels-idx1-ubyte, byte 14: label 4, expected 0 to 3"));
  labels(0x09, "\0\1\xff\3\0"sv);
  EXPECT_THAT(error(), HasSubstr("t10k-labels-idx1-ubyte, byte 10: label -1, expected 0 to 65535"));
  labels(0x0c, "\0\0\0\0\0\1\0\0\0\0\0\2\0\0\0\3\0\0\0\0"sv);
  EXPECT_THAT(error(), HasSubstr("byte 12: label 65536, expected 0 to 65535"));
  labels(0x0d, std::string(20, '\0'));
  EXPECT_THAT(error(), HasSubstr("t10k-labels-idx1-ubyte, byte 2: the labels are 32-bit floats, "
                                 "expected integers"));
}

TEST_F(Dataset, RefusesTrainingImagesOfOneClass) {
  for (const char label : {'\0', '\7'}) {
    replace("train-labels-idx1-ubyte", idx({12}, std::string(12, label)));
    EXPECT_THAT(error(), HasSubstr(fmt::format("{}/train-labels-idx1-ubyte: all 12 training labels "
                                               "are {}, expected two classes or more",
                                               folder().string(), int{label})));
  }
}

TEST_F(Dataset, RefusesFilesThatDoNotBelongTogether) {
  replace("train-labels-idx1-ubyte", idx({11}, std::string(11, '\0')));
  EXPECT_THAT(error(), HasSubstr("train-labels-idx1-ubyte, byte 4: 11 labels, expected 12"));
}

TEST_F(Dataset, RefusesALabelOutOfRange) {
  replace("t10k-labels-idx1-ubyte", idx({5}, std::string_view("\0\1\2\4\0", 5)));
  EXPECT_THAT(error(), HasSubstr("t10k-labels-idx1-ubyte, byte 11: label 4, expected 0 to 3"));
}

TEST_F(Dataset, RefusesOneFileInPlaceOfAnother) {
  replace("train-labels-idx1-ubyte", files.at("train-images-idx3-ubyte"));
  EXPECT_THAT(error(), HasSubstr("byte 3: 3 dimensions, expected 1"));
}

TEST_F(Dataset, NamesTheFileThatIsMissing) {
  fs::remove(folder() / "t10k-images-idx3-ubyte");
  EXPECT_THAT(error(), HasSubstr("holds no test images: expected a file t10k-images-idx3-ubyte"));
}

TEST_F(Dataset, AnUnknownNameIsTheCallersMistake) {
  EXPECT_THROW(load_dataset("imagenet"), InvalidArgument);
  EXPECT_THROW(fetch_dataset("imagenet"), InvalidArgument);
  EXPECT_THROW(load_dataset((folder() / "t10k-images-idx3-ubyte").string()), InvalidArgument);
}

TEST_F(Dataset, AKnownNameIsHeldToItsChecksums) {
  // Files of the right names and another content, where MNIST would be kept.
  fs::create_directory(folder() / "mnist");
  for (const auto& [name, bytes] : files) put(folder() / "mnist" / name, bytes);
  std::vector<std::string> messages;
  FetchOptions options{.data_dir = folder(),
                       .mirrors = std::vector<std::string>{},
                       .python = "",
                       .on_progress = {},
                       .on_message = [&](std::string_view text) { messages.emplace_back(text); }};
  const std::string what = data_error([&] { load_dataset("mnist", options); });
  EXPECT_THAT(what, HasSubstr("mnist cannot be fetched; put the four files into"));
  EXPECT_THAT(messages, ::testing::Contains(HasSubstr("6bbc9ace898e44ae57da46a324031adb")));
}

TEST(DataDir, FollowsTheRulesOfXdg) {
  ASSERT_EQ(setenv("HOME", "/home/ada", 1), 0);
  ASSERT_EQ(unsetenv("SALTUS_DATA_DIR"), 0);
  ASSERT_EQ(unsetenv("XDG_CACHE_HOME"), 0);
  EXPECT_EQ(default_data_dir(), "/home/ada/.cache/saltus");
  ASSERT_EQ(setenv("XDG_CACHE_HOME", "relative/does/not/count", 1), 0);
  EXPECT_EQ(default_data_dir(), "/home/ada/.cache/saltus");
  ASSERT_EQ(setenv("XDG_CACHE_HOME", "/var/cache/ada", 1), 0);
  EXPECT_EQ(default_data_dir(), "/var/cache/ada/saltus");
  ASSERT_EQ(setenv("SALTUS_DATA_DIR", "", 1), 0);
  EXPECT_EQ(default_data_dir(), "/var/cache/ada/saltus") << "an empty one is none";
  ASSERT_EQ(setenv("SALTUS_DATA_DIR", "/data", 1), 0);
  EXPECT_EQ(default_data_dir(), "/data");
}

// Where the real files happen to be.
TEST(RealData, IsRecognisedInAnyFolder) {
  const struct {
    const char* name;
    fs::path folder;
  } places[] = {{"mnist", fs::path(SALTUS_SOURCE_DIR) / "../shared/data/mnist"},
                {"fashion-mnist", "/usr/share/datasets/fashion-mnist"}};
  int found = 0;
  for (const auto& place : places) {
    if (!fs::exists(place.folder)) continue;
    const ImageDataset data = load_dataset(place.folder.string());
    EXPECT_EQ(data.name, place.name);
    EXPECT_EQ(data.classes, 10);
    EXPECT_EQ(data.train.count, 60000);
    EXPECT_EQ(data.test.count, 10000);
    EXPECT_EQ(data.train.height, 28);
    EXPECT_EQ(data.train.width, 28);
    ++found;
  }
  if (found == 0) GTEST_SKIP() << "neither MNIST nor Fashion-MNIST is on this machine";
}

}  // namespace
}  // namespace saltus
