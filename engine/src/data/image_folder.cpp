#include "data/image_folder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/text.h"
#include "data/checksums.h"
#include "data/folders.h"
#include "data/image_file.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMaxPixelBytes = std::int64_t{1} << 32;  // of a set

/// One image: its class, and its place among those of its class, 0 to 1.
struct Entry {
  fs::path path;
  std::int32_t label = 0;
  double place = 0;
};

struct FirstImage {
  fs::path path;
  ImageSize size;
};

/// What a folder holds, but for names that begin with a dot, in the order of the names.
std::vector<fs::path> contents(const fs::path& folder) {
  std::vector<std::string> names;
  try {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      std::string name = entry.path().filename().string();
      if (!name.starts_with('.')) names.push_back(std::move(name));
    }
  } catch (const fs::filesystem_error& error) {
    throw DataError(
        fmt::format("cannot read {}: {}", folder.string(), error_text(error.code().value())));
  }
  std::ranges::sort(names);
  std::vector<fs::path> paths;
  paths.reserve(names.size());
  for (const std::string& name : names) paths.push_back(folder / name);
  return paths;
}

bool is_image_name(const fs::path& path) {
  std::string suffix = path.extension().string();
  std::ranges::transform(suffix, suffix.begin(), lower);
  return suffix == ".png" || suffix == ".jpg" || suffix == ".jpeg";
}

std::vector<fs::path> class_folders(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    throw DataError(
        fmt::format("there is no folder {}: expected one with a folder of images for "
                    "each class",
                    folder.string()));
  }
  std::vector<fs::path> folders = contents(folder);
  for (const fs::path& path : folders) {
    if (fs::is_directory(path, ignored)) continue;
    throw DataError(
        fmt::format("{} is no folder: {} holds a folder of images for each class, and nothing else",
                    path.string(), folder.string()));
  }
  return folders;
}

/// The images of a class.
std::vector<Entry> entries_of(const fs::path& folder, std::int32_t label) {
  std::vector<Entry> entries;
  for (fs::path& path : contents(folder)) {
    std::error_code ignored;
    if (!is_image_name(path) || !fs::is_regular_file(path, ignored)) {
      throw DataError(
          fmt::format("{} is no file .png, .jpg or .jpeg: convert it, or take it out of {}",
                      path.string(), folder.string()));
    }
    entries.push_back({.path = std::move(path), .label = label});
  }
  for (std::size_t i = 0; i < entries.size(); ++i)
    entries[i].place = (static_cast<double>(i) + 0.5) / static_cast<double>(entries.size());
  return entries;
}

void check_size(const fs::path& path, const ImageSize& size, std::optional<FirstImage>& first) {
  if (!first) first = FirstImage{path, size};
  if (size == first->size) return;
  const auto text = [](const ImageSize& one) {
    return fmt::format("{} x {} x {}", one.height, one.width, one.channels);
  };
  throw DataError(
      fmt::format("{}: {} (height x width x channels), expected {} as in {}: all images must be "
                  "alike; scale, crop or convert those that differ",
                  path.string(), text(size), text(first->size), first->path.string()));
}

/// Reads a set; the first of all images decides what the others must be like.
ImageSet read_set(const fs::path& folder, std::vector<Entry> entries,
                  std::optional<FirstImage>& first) {
  if (entries.empty()) {
    throw DataError(
        fmt::format("{} holds no images: expected a folder of .png, .jpg or .jpeg "
                    "files for each class",
                    folder.string()));
  }
  // Each class is spread evenly, so that a part of the set has all of them.
  std::ranges::stable_sort(entries, {}, &Entry::place);
  ImageSet set;
  auto& pixels = std::get<std::vector<std::uint8_t>>(set.pixels);
  for (const Entry& entry : entries) {
    read_image(
        entry.path, [&](const ImageSize& size) { check_size(entry.path, size, first); }, pixels);
    if (static_cast<std::int64_t>(pixels.size()) > kMaxPixelBytes) {
      throw DataError(
          fmt::format("{}: the images up to {} have more than {} bytes of pixels: use "
                      "fewer, or smaller ones",
                      folder.string(), entry.path.string(), kMaxPixelBytes));
    }
    set.labels.push_back(entry.label);
  }
  set.count = static_cast<std::int64_t>(entries.size());
  set.height = first->size.height;
  set.width = first->size.width;
  set.channels = first->size.channels;
  set_checksums(set);
  return set;
}

}  // namespace

bool is_image_folder(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_directory(folder / "train", ignored) || fs::is_directory(folder / "test", ignored);
}

ImageDataset load_image_folder(const fs::path& folder) {
  ImageDataset data{
      .name = folder_name(folder), .title = {}, .source = folder.string(), .train = {}, .test = {}};
  std::vector<Entry> train;
  for (const fs::path& path : class_folders(folder / "train")) {
    std::vector<Entry> images =
        entries_of(path, static_cast<std::int32_t>(data.class_names.size()));
    if (images.empty()) {
      throw DataError(
          fmt::format("{} holds no images: put some there, or remove the folder", path.string()));
    }
    data.class_names.push_back(path.filename().string());
    std::ranges::move(images, std::back_inserter(train));
  }
  if (data.class_names.size() < 2) {
    throw DataError(fmt::format("{} holds {} folders, expected two or more, one for each class",
                                (folder / "train").string(), data.class_names.size()));
  }
  std::vector<Entry> test;
  for (const fs::path& path : class_folders(folder / "test")) {
    const std::string name = path.filename().string();
    const auto found = std::ranges::lower_bound(data.class_names, name);
    if (found == data.class_names.end() || *found != name) {
      throw DataError(
          fmt::format("{} is a class that {} does not have: each class needs training "
                      "images",
                      path.string(), (folder / "train").string()));
    }
    std::ranges::move(entries_of(path, static_cast<std::int32_t>(found - data.class_names.begin())),
                      std::back_inserter(test));
  }
  std::optional<FirstImage> first;
  data.train = read_set(folder / "train", std::move(train), first);
  data.test = read_set(folder / "test", std::move(test), first);
  data.classes = static_cast<int>(data.class_names.size());
  return data;
}

}  // namespace saltus
