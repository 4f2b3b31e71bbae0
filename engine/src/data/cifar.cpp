#include "data/cifar.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"
#include "data/byte_source.h"
#include "data/checksums.h"
#include "data/folders.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kExtent = 32;
constexpr std::size_t kChannels = 3;
constexpr std::size_t kPlane = kExtent * kExtent;
constexpr std::size_t kPixels = kPlane * kChannels;
constexpr std::size_t kBlock = 64;              // records that are read at once
constexpr std::int64_t kMostRecords = 1 << 20;  // of a file: 20 times as many as the data sets have
constexpr std::int64_t kMostNames = 1 << 16;    // bytes of the file of class names

struct LabelByte {
  std::string_view name;
  int classes;
};

/// One of the two data sets. The last label byte is the class.
struct Cifar {
  std::string_view name;
  std::string_view title;
  std::vector<LabelByte> labels;
  std::vector<std::string_view> train;
  std::string_view test;
  std::string_view class_names;
  std::string_view archive;
  std::string_view folder;  ///< in the archive
};

const std::array<Cifar, 2>& formats() {
  static const std::array<Cifar, 2> all = {
      Cifar{.name = "cifar10",
            .title = "CIFAR-10",
            .labels = {{"label", 10}},
            .train = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                      "data_batch_4.bin", "data_batch_5.bin"},
            .test = "test_batch.bin",
            .class_names = "batches.meta.txt",
            .archive = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            .folder = "cifar-10-batches-bin"},
      Cifar{.name = "cifar100",
            .title = "CIFAR-100",
            .labels = {{"coarse label", 20}, {"fine label", 100}},
            .train = {"train.bin"},
            .test = "test.bin",
            .class_names = "fine_label_names.txt",
            .archive = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
            .folder = "cifar-100-binary"}};
  return all;
}

bool holds(const fs::path& folder, std::string_view file) {
  std::error_code ignored;
  return fs::exists(folder / file, ignored);
}

/// The one of which a folder holds a file; null where there is none.
const Cifar* format_of(const fs::path& folder) {
  const auto& all = formats();
  const auto* found = std::ranges::find_if(all, [&](const Cifar& format) {
    return holds(folder, format.test) ||
           std::ranges::any_of(format.train, [&](auto file) { return holds(folder, file); });
  });
  return found == all.end() ? nullptr : found;
}

/// Adds the records of a file to a set.
void read_records(const fs::path& path, const Cifar& format, ImageSet& set) {
  ByteSource source(path);
  const auto fail = [&](std::int64_t offset, const std::string& what) {
    throw DataError(fmt::format("{}, {}: {}", path.string(), source.describe(offset), what));
  };
  auto& pixels = std::get<std::vector<std::uint8_t>>(set.pixels);
  const std::size_t label_bytes = format.labels.size();
  const std::size_t record = label_bytes + kPixels;
  std::vector<std::uint8_t> block(kBlock * record);
  std::int64_t count = 0;
  while (const std::size_t got = source.read(block)) {
    const std::int64_t start = source.offset() - static_cast<std::int64_t>(got);
    if (got % record != 0) {
      fail(source.offset(),
           fmt::format("the file ends within an image, expected whole images of {} bytes, as "
                       "{}'s binary version has them",
                       record, format.title));
    }
    count += static_cast<std::int64_t>(got / record);
    if (count > kMostRecords)
      fail(start, fmt::format("the file goes on, expected {} images at most", kMostRecords));
    for (std::size_t at = 0; at < got; at += record) {
      for (std::size_t i = 0; i < label_bytes; ++i) {
        const int label = block[at + i];
        if (label < format.labels[i].classes) continue;
        fail(start + static_cast<std::int64_t>(at + i),
             fmt::format("{} {}, expected 0 to {}", format.labels[i].name, label,
                         format.labels[i].classes - 1));
      }
      set.labels.push_back(block[at + label_bytes - 1]);
      const std::uint8_t* planes = block.data() + at + label_bytes;
      for (std::size_t pixel = 0; pixel < kPlane; ++pixel) {
        for (std::size_t channel = 0; channel < kChannels; ++channel)
          pixels.push_back(planes[channel * kPlane + pixel]);
      }
    }
  }
  if (count == 0) fail(0, "the file is empty, expected images");
}

ImageSet read_set(const fs::path& folder, const Cifar& format,
                  const std::vector<std::string_view>& files) {
  ImageSet set{.height = kExtent, .width = kExtent, .channels = kChannels};
  for (const std::string_view file : files) {
    if (!holds(folder, file)) {
      throw DataError(
          fmt::format("{} holds no {}: {}'s binary version has this file; unpack {} "
                      "again",
                      folder.string(), file, format.title, format.archive));
    }
    read_records(folder / file, format, set);
  }
  set.count = static_cast<std::int64_t>(set.labels.size());
  set_checksums(set);
  return set;
}

/// A name in each line; none where there is no such file.
std::vector<std::string> read_names(const fs::path& folder, const Cifar& format) {
  if (!holds(folder, format.class_names)) return {};
  const fs::path path = folder / format.class_names;
  const std::string text = read_file(path, kMostNames);
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string name = text.substr(begin, end - begin);
    if (name.ends_with('\r')) name.pop_back();
    if (!name.empty()) names.push_back(std::move(name));
    begin = end + 1;
  }
  const int classes = format.labels.back().classes;
  if (names.size() != static_cast<std::size_t>(classes)) {
    throw DataError(
        fmt::format("{}: {} names of classes, expected {}, one in each line: correct the file, or "
                    "remove it to do without names",
                    path.string(), names.size(), classes));
  }
  return names;
}

ImageDataset load(const fs::path& folder, const Cifar& format) {
  ImageDataset data{.name = folder_name(folder),
                    .title = std::string(format.title),
                    .source = folder.string(),
                    .classes = format.labels.back().classes,
                    .train = read_set(folder, format, format.train),
                    .test = read_set(folder, format, {format.test})};
  data.class_names = read_names(folder, format);
  return data;
}

}  // namespace

bool is_cifar_folder(const fs::path& folder) {
  return format_of(folder) != nullptr;
}

ImageDataset load_cifar(const fs::path& folder) {
  return load(folder, *format_of(folder));
}

bool is_cifar_name(std::string_view name) {
  return std::ranges::find(formats(), name, &Cifar::name) != formats().end();
}

ImageDataset load_known_cifar(std::string_view name, const FetchOptions& options) {
  const Cifar& format = *std::ranges::find(formats(), name, &Cifar::name);
  const fs::path place =
      (options.data_dir.empty() ? default_data_dir() : options.data_dir) / format.name;
  for (const fs::path& folder : {place, place / format.folder}) {
    if (format_of(folder) != &format) continue;
    ImageDataset data = load(folder, format);
    data.name = name;
    return data;
  }
  throw DataError(fmt::format(
      "{} is not in {}, and is not fetched by itself; put it there: mkdir -p '{}' && curl -fL {} | "
      "tar xz -C '{}'; or name the folder that holds {} to {}",
      name, place.string(), place.string(), format.archive, place.string(), format.train.front(),
      format.test));
}

}  // namespace saltus
