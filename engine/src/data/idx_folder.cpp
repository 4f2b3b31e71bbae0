#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/dataset.h>
#include <saltus/error.h>

#include "data/fetch.h"
#include "data/folders.h"
#include "data/idx.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kLabelsStart = 8;  // after magic and count
constexpr std::int32_t kMaxLabel = 65535;

struct Piece {
  fs::path path;
  IdxArray data;
};

// Reads the file of a part. Where the checksum is known, and one file is not the right one, another
// of the same part may be: plain beside gzip.
Piece read_piece(const fs::path& folder, Part part, const KnownDataset* known) {
  const int min_rank = is_images(part) ? 3 : 1;
  const int max_rank = is_images(part) ? 4 : 1;
  std::string problem = fmt::format("{} holds no {}: expected a file {} or {}.gz", folder.string(),
                                    part_name(part), file_name(part), file_name(part));
  for (const fs::path& path : files_of_part(folder, part)) {
    if (known == nullptr) return {path, read_idx(path, min_rank, max_rank)};
    try {
      Piece piece{path, read_idx(path, min_rank, max_rank)};
      const std::string& md5 = known->files[static_cast<std::size_t>(part)].md5;
      if (piece.data.md5 == md5) return piece;
      problem = wrong_checksum(path, piece.data.md5, md5);
    } catch (const DataError& error) {
      problem = error.what();
    }
  }
  throw DataError(problem);
}

std::variant<std::vector<std::uint8_t>, std::vector<float>> pixels_of(IdxArray& images) {
  if (auto* bytes = std::get_if<std::vector<std::uint8_t>>(&images.values))
    return std::move(*bytes);
  if (auto* floats = std::get_if<std::vector<float>>(&images.values)) return std::move(*floats);
  const auto& integers = std::get<std::vector<std::int32_t>>(images.values);
  return std::vector<float>(integers.begin(), integers.end());
}

[[noreturn]] void refuse_label(const Piece& labels, std::int64_t place, std::string_view what) {
  throw DataError(fmt::format("{}, byte {}: label {}", labels.path.string(),
                              kLabelsStart + place * labels.data.value_bytes, what));
}

std::vector<std::int32_t> labels_of(const Piece& labels) {
  if (std::holds_alternative<std::vector<float>>(labels.data.values)) {
    throw DataError(fmt::format("{}, byte 2: the labels are {}, expected integers",
                                labels.path.string(), labels.data.type));
  }
  std::vector<std::int32_t> all;
  if (const auto* bytes = std::get_if<std::vector<std::uint8_t>>(&labels.data.values)) {
    all.assign(bytes->begin(), bytes->end());
  } else {
    all = std::get<std::vector<std::int32_t>>(labels.data.values);
  }
  const auto wrong =
      std::ranges::find_if(all, [](std::int32_t label) { return label < 0 || label > kMaxLabel; });
  if (wrong != all.end()) {
    refuse_label(labels, wrong - all.begin(),
                 fmt::format("{}, expected 0 to {}", *wrong, kMaxLabel));
  }
  return all;
}

/// Takes the values out of the pieces.
ImageSet join(Piece& images, Piece& labels) {
  const auto& dims = images.data.dims;
  if (labels.data.dims[0] != dims[0]) {
    throw DataError(
        fmt::format("{}, byte 4: {} labels, expected {}, as many as there are images in {}",
                    labels.path.string(), labels.data.dims[0], dims[0], images.path.string()));
  }
  ImageSet set;
  set.count = dims[0];
  set.height = dims[1];
  set.width = dims[2];
  set.channels = dims.size() == 4 ? dims[3] : 1;
  set.pixels = pixels_of(images.data);
  set.labels = labels_of(labels);
  set.images_md5 = std::move(images.data.md5);
  set.labels_md5 = std::move(labels.data.md5);
  return set;
}

// How many classes the training labels tell apart. One that no training image has cannot be
// learned, but does no harm.
int classes_of(const ImageSet& train, const fs::path& path) {
  const auto [least, most] = std::ranges::minmax(train.labels);
  if (least == most) {
    throw DataError(fmt::format(
        "{}: all {} training labels are {}, expected two classes or more, numbered from 0",
        path.string(), train.count, least));
  }
  return most + 1;
}

void check_test_labels(const ImageSet& test, const Piece& labels, int classes) {
  const auto wrong = std::ranges::find_if(test.labels, [&](int label) { return label >= classes; });
  if (wrong == test.labels.end()) return;
  refuse_label(labels, wrong - test.labels.begin(),
               fmt::format("{}, expected 0 to {} as in the training labels", *wrong, classes - 1));
}

void check_images(const ImageSet& train, const ImageSet& test, const Piece& images) {
  const auto shape = [](const ImageSet& set) {
    return std::array{set.height, set.width, set.channels};
  };
  if (shape(train) != shape(test)) {
    throw DataError(fmt::format("{}, byte 8: images of {}, expected {} as in the training images",
                                images.path.string(), fmt::join(shape(test), " x "),
                                fmt::join(shape(train), " x ")));
  }
  // Bytes are divided by 255, all else is not.
  const bool bytes = std::holds_alternative<std::vector<std::uint8_t>>(train.pixels);
  if (train.pixels.index() != test.pixels.index()) {
    throw DataError(
        fmt::format("{}, byte 2: the values are {}, expected {} unsigned bytes as in the "
                    "training images",
                    images.path.string(), images.data.type, bytes ? "" : "other than"));
  }
}

// A folder may well hold a data set that has a name.
std::string name_of(const ImageDataset& data, const fs::path& folder) {
  const std::array md5 = {data.train.images_md5, data.train.labels_md5, data.test.images_md5,
                          data.test.labels_md5};
  for (const KnownDataset& known : known_datasets()) {
    if (std::ranges::equal(known.files, md5, {}, &KnownFile::md5)) return known.name;
  }
  return folder_name(folder);
}

}  // namespace

ImageDataset load_folder(const fs::path& folder, const KnownDataset* known) {
  ImageDataset data;
  Piece train_images = read_piece(folder, Part::train_images, known);
  Piece train_labels = read_piece(folder, Part::train_labels, known);
  Piece test_images = read_piece(folder, Part::test_images, known);
  Piece test_labels = read_piece(folder, Part::test_labels, known);
  data.train = join(train_images, train_labels);
  data.test = join(test_images, test_labels);
  data.classes = known != nullptr ? known->classes : classes_of(data.train, train_labels.path);
  check_images(data.train, data.test, test_images);
  check_test_labels(data.test, test_labels, data.classes);
  data.source = folder.string();
  data.name = known != nullptr ? known->name : name_of(data, folder);
  if (const KnownDataset* one = find_known(data.name)) {
    data.title = one->title.substr(0, one->title.find(':'));
  }
  return data;
}

}  // namespace saltus
