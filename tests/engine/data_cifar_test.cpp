#include <fmt/format.h>
#include <gmock/gmock.h>

#include <saltus/dataset.h>

#include "tests/engine/data_support.h"

namespace saltus {
namespace {

using namespace saltus::testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kPixels = 3072;

std::string record(std::initializer_list<char> labels, std::uint32_t seed) {
  return std::string(labels) + noise(kPixels, seed);
}

class Cifar10 : public DataTest {
 protected:
  Cifar10() {
    for (int batch = 1; batch <= 5; ++batch) {
      const auto number = static_cast<std::uint32_t>(batch);
      put(folder() / fmt::format("data_batch_{}.bin", batch),
          record({static_cast<char>(batch)}, number) + record({9}, 10 + number));
    }
    put(folder() / "test_batch.bin", record({0}, 20));
  }
  ImageDataset load() const { return load_dataset(folder().string()); }
  std::string error() const {
    return data_error([this] { load(); });
  }
};

/// What stands in an image in our order.
int value(const ImageSet& set, std::size_t image, std::size_t y, std::size_t x, std::size_t c) {
  return std::get<std::vector<std::uint8_t>>(set.pixels)[((image * 32 + y) * 32 + x) * 3 + c];
}

TEST_F(Cifar10, IsReadInTheOrderOfItsBatches) {
  const ImageDataset data = load();
  EXPECT_EQ(data.name, folder().filename());
  EXPECT_EQ(data.title, "CIFAR-10");
  EXPECT_EQ(data.source, folder());
  EXPECT_EQ(data.classes, 10);
  EXPECT_EQ(data.train.count, 10);
  EXPECT_EQ(data.test.count, 1);
  EXPECT_EQ(data.train.height, 32);
  EXPECT_EQ(data.train.width, 32);
  EXPECT_EQ(data.train.channels, 3);
  EXPECT_THAT(data.train.labels, ElementsAre(1, 9, 2, 9, 3, 9, 4, 9, 5, 9));
  EXPECT_THAT(data.test.labels, ElementsAre(0));
  EXPECT_TRUE(data.class_names.empty());
}

TEST_F(Cifar10, PlanesBecomeChannels) {
  const ImageDataset data = load();
  const std::string planes = noise(kPixels, 12);  // the second image of the second batch
  for (std::size_t y = 0; y < 32; ++y) {
    for (std::size_t x = 0; x < 32; ++x) {
      for (std::size_t c = 0; c < 3; ++c) {
        ASSERT_EQ(value(data.train, 3, y, x, c),
                  static_cast<std::uint8_t>(planes[c * 1024 + y * 32 + x]))
            << y << " " << x << " " << c;
      }
    }
  }
}

TEST_F(Cifar10, ChecksumsAreOfTheValues) {
  const ImageDataset data = load();
  const auto& pixels = std::get<std::vector<std::uint8_t>>(data.test.pixels);
  EXPECT_EQ(data.test.images_md5, md5(std::string(pixels.begin(), pixels.end())));
  EXPECT_EQ(data.test.labels_md5, md5(std::string(4, '\0')));
  EXPECT_EQ(data.train.labels_md5, load().train.labels_md5);
}

TEST_F(Cifar10, HasTheNamesOfItsClasses) {
  put(folder() / "batches.meta.txt", "a\nb\nc\nd\ne\nf\ng\nh\ni\r\nthe last\n\n");
  EXPECT_EQ(load().class_names.front(), "a");
  EXPECT_EQ(load().class_names.at(8), "i");
  EXPECT_EQ(load().class_names.back(), "the last");
  put(folder() / "batches.meta.txt", "a\nb\n");
  EXPECT_THAT(error(), HasSubstr("batches.meta.txt: 2 names of classes, expected 10"));
}

TEST_F(Cifar10, RefusesWhatIsMissingOrCutOff) {
  fs::remove(folder() / "data_batch_3.bin");
  EXPECT_THAT(error(), HasSubstr("holds no data_batch_3.bin: CIFAR-10's binary version has this"));
  put(folder() / "data_batch_3.bin", record({1}, 1) + record({1}, 1).substr(0, 100));
  EXPECT_THAT(error(), HasSubstr("data_batch_3.bin, byte 3173: the file ends within an image, "
                                 "expected whole images of 3073 bytes"));
  put(folder() / "data_batch_3.bin", "");
  EXPECT_THAT(error(), HasSubstr("data_batch_3.bin, byte 0: the file is empty"));
}

TEST_F(Cifar10, RefusesALabelOutOfRange) {
  put(folder() / "test_batch.bin", record({0}, 1) + record({10}, 1));
  EXPECT_THAT(error(), HasSubstr("test_batch.bin, byte 3073: label 10, expected 0 to 9"));
}

TEST_F(Cifar10, IsFoundByItsName) {
  FetchOptions options;
  options.data_dir = folder() / "cache";
  const auto absent = [&] { load_dataset("cifar10", options); };
  EXPECT_THAT(data_error(absent), HasSubstr("cifar-10-binary.tar.gz | tar xz -C '" +
                                            (folder() / "cache/cifar10").string() + "'"));
  // As the command that it names leaves it.
  const fs::path place = folder() / "cache/cifar10/cifar-10-batches-bin";
  fs::create_directories(place);
  for (const fs::directory_entry& file : fs::directory_iterator(folder())) {
    if (file.path().extension() == ".bin") fs::copy(file.path(), place);
  }
  EXPECT_EQ(load_dataset("cifar10", options).name, "cifar10");
  EXPECT_EQ(load_dataset("cifar10", options).source, place);
  EXPECT_EQ(load_dataset("cifar10", options).train.images_md5, load().train.images_md5);
  EXPECT_THAT(data_error([&] { load_dataset("cifar100", options); }), HasSubstr("cifar100 is not"));
}

class Cifar100 : public DataTest {
 protected:
  Cifar100() {
    put(folder() / "train.bin", record({19, 99}, 1) + record({0, 1}, 2));
    put(folder() / "test.bin", record({1, 42}, 3));
  }
  std::string error() const {
    return data_error([this] { load_dataset(folder().string()); });
  }
};

TEST_F(Cifar100, FineLabelsAreTheClasses) {
  const ImageDataset data = load_dataset(folder().string());
  EXPECT_EQ(data.title, "CIFAR-100");
  EXPECT_EQ(data.classes, 100);
  EXPECT_THAT(data.train.labels, ElementsAre(99, 1));
  EXPECT_THAT(data.test.labels, ElementsAre(42));
  EXPECT_EQ(value(data.test, 0, 0, 0, 0), static_cast<std::uint8_t>(noise(1, 3)[0]));
}

TEST_F(Cifar100, RefusesLabelsOutOfRange) {
  put(folder() / "test.bin", record({20, 1}, 1));
  EXPECT_THAT(error(), HasSubstr("test.bin, byte 0: coarse label 20, expected 0 to 19"));
  put(folder() / "test.bin", record({1, 100}, 1));
  EXPECT_THAT(error(), HasSubstr("test.bin, byte 1: fine label 100, expected 0 to 99"));
  put(folder() / "test.bin", record({1}, 1));
  EXPECT_THAT(error(), HasSubstr("byte 3073: the file ends within an image"));
}

TEST(LocalDatasets, AreNamedByTheError) {
  try {
    load_dataset("imagenet");
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("expected mnist, fashion-mnist, cifar10, cifar100, "
                                        "mnist1d or a folder"));
  }
}

class EmptyFolder : public DataTest {};

TEST_F(EmptyFolder, SaysWhatIsExpected) {
  const std::string what = data_error([this] { load_dataset(folder().string()); });
  EXPECT_THAT(what, HasSubstr("holds no data set: expected the four IDX files "
                              "(train-images-idx3-ubyte, train-labels-idx1-ubyte"));
  EXPECT_THAT(what, HasSubstr("data_batch_1.bin"));
  EXPECT_THAT(what, HasSubstr("folders train and test"));
}

}  // namespace
}  // namespace saltus
