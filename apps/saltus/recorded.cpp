#include "recorded.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include <saltus/dataset.h>
#include <saltus/error.h>

namespace saltus::app {
namespace {

/// Checksums of training images, training labels, test images, test labels.
std::array<std::string, 4> checksums_of(const ImageDataset& data) {
  return {data.train.images_md5, data.train.labels_md5, data.test.images_md5, data.test.labels_md5};
}

}  // namespace

std::string known_name_of(const ImageDataset& data) {
  for (const KnownDataset& known : known_datasets()) {
    if (std::ranges::equal(known.files, checksums_of(data), {}, &KnownFile::md5)) return known.name;
  }
  return {};
}

std::optional<RecordedSweep> recorded_sweep(const SweepArguments& arguments) {
  if (!arguments.is_given("--config")) return std::nullopt;
  if (arguments.quick) {
    throw InvalidArgument(
        fmt::format("--quick chooses epochs, seeds and limits by the speed of this machine, but "
                    "--config takes them from {}: leave one of the two out",
                    arguments.config));
  }
  return read_sweep_json(arguments.config);
}

DataChoice data_of(const SweepArguments& arguments, const std::optional<RecordedSweep>& recorded) {
  const DataChoice typed = {arguments.data, arguments.target, arguments.test, arguments.task};
  if (!recorded || arguments.is_given("--data")) return typed;
  if (!typed.target.empty() || !typed.test.empty() || typed.task != kAnyTask) {
    throw InvalidArgument(fmt::format(
        "--target, --test and --task belong to a table: name it with --data, or leave them away to "
        "take "
        "the data of {}",
        arguments.config));
  }
  // By its checksums: a folder of other files may have the name of a known data set.
  const ImageDataset& data = recorded->data;
  if (const std::string known = known_name_of(data); !known.empty())
    return {.data = known, .target = {}, .test = {}};
  if (data.source.empty()) return {.data = data.name, .target = {}, .test = {}};  // it was computed
  std::error_code error;
  const bool is_there = data.target.empty() ? std::filesystem::is_directory(data.source, error)
                                            : std::filesystem::is_regular_file(data.source, error);
  if (!is_there) {
    const bool was_table = !data.target.empty();
    throw DataError(fmt::format(
        "{}: the data of that sweep was in {}, which is no {} now: name its {} with --data",
        arguments.config, data.source, was_table ? "file" : "folder",
        was_table ? "file" : "folder"));
  }
  const std::string_view task = data.target.empty() ? kAnyTask : task_option(data.task);
  return {data.source, data.target, data.test_source, std::string(task)};
}

void check_same_data(const SweepArguments& arguments, const std::optional<RecordedSweep>& recorded,
                     const ImageDataset& data) {
  if (!recorded || arguments.is_given("--data")) return;
  const std::array<std::string, 4> now = checksums_of(data);
  const std::array<std::string, 4> then = checksums_of(recorded->data);
  constexpr const char* kFiles[] = {"training images", "training labels", "test images",
                                    "test labels"};
  for (std::size_t file = 0; file < now.size(); ++file) {
    if (now[file] == then[file]) continue;
    throw DataError(
        fmt::format("{}: that sweep had other data: its {} had the checksum {}, those in {} have "
                    "{}; to train on these, name them with --data",
                    arguments.config, kFiles[file], then[file],
                    data.source.empty() ? data.name : data.source, now[file]));
  }
}

}  // namespace saltus::app
