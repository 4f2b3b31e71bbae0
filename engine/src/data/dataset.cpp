#include <algorithm>
#include <iterator>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/dataset.h>
#include <saltus/error.h>

#include "core/boundary.h"
#include "data/cifar.h"
#include "data/fetch.h"
#include "data/folders.h"
#include "data/image_folder.h"
#include "data/mnist1d.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;

ImageDataset load_fetched(const KnownDataset& known, const FetchOptions& options) {
  for (const fs::path& folder : search_folders(known, options)) {
    try {
      return load_folder(folder, &known);
    } catch (const DataError&) {
      // fetch_known() looks again, says what is damaged, and replaces it.
    }
  }
  return load_folder(fetch_known(known, options).folder, &known);
}

bool is_idx_folder(const fs::path& folder) {
  return std::ranges::any_of(kParts,
                             [&](Part part) { return !files_of_part(folder, part).empty(); });
}

ImageDataset load_any_folder(const fs::path& folder) {
  if (is_idx_folder(folder)) return load_folder(folder, nullptr);
  if (is_cifar_folder(folder)) return load_cifar(folder);
  if (is_image_folder(folder)) return load_image_folder(folder);
  throw DataError(fmt::format(
      "{} holds no data set: expected the four IDX files ({}, {}, {}, {}), the binary files of "
      "CIFAR-10 (data_batch_1.bin to data_batch_5.bin, test_batch.bin) or CIFAR-100 (train.bin, "
      "test.bin), or folders train and test, each with a folder of images for each class",
      folder.string(), file_name(Part::train_images), file_name(Part::train_labels),
      file_name(Part::test_images), file_name(Part::test_labels)));
}

std::vector<std::string> all_names() {
  std::vector<std::string> names = known_names();
  std::ranges::transform(local_datasets(), std::back_inserter(names), &LocalDataset::name);
  return names;
}

}  // namespace

const std::vector<LocalDataset>& local_datasets() {
  static const std::vector<LocalDataset> datasets = {
      {.name = "cifar10",
       .title = "CIFAR-10: photographs of ten kinds of things, 32 x 32 x 3",
       .origin = "unpacked from https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"},
      {.name = "cifar100",
       .title = "CIFAR-100: photographs of a hundred kinds of things, 32 x 32 x 3",
       .origin = "unpacked from https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"},
      {.name = "mnist1d",
       .title = "MNIST-1D: ten signals, 1 x 40",
       .origin = "computed (Greydanus and Kobak, arXiv 2011.14439)"},
  };
  return datasets;
}

ImageDataset load_dataset(std::string_view name_or_folder, const FetchOptions& options) try {
  if (const KnownDataset* known = find_known(name_or_folder)) return load_fetched(*known, options);
  if (is_cifar_name(name_or_folder)) return load_known_cifar(name_or_folder, options);
  if (name_or_folder == kMnist1d) return make_mnist1d();
  const fs::path path(name_or_folder);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return load_any_folder(path);
  if (fs::is_regular_file(path, ignored)) {
    throw InvalidArgument(fmt::format(
        "{} is a file: expected a folder; a table in CSV also needs the column of its classes "
        "(--target, or load_table())",
        name_or_folder));
  }
  throw InvalidArgument(fmt::format("there is no data set \"{}\": expected {} or a folder",
                                    name_or_folder, fmt::join(all_names(), ", ")));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
