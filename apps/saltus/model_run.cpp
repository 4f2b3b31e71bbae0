#include "model_run.h"

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <span>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <unistd.h>

#include <saltus/error.h>
#include <saltus/progress.h>

#include "common_options.h"
#include "data_progress.h"
#include "interrupt.h"
#include "lists.h"
#include "terminal.h"

namespace saltus::app {
namespace {

/// Images of a part: some work for any device, and soon done on a slow one. Whole batches.
constexpr std::int64_t kPart = 1024;

/// A view of `count` images from `first` on.
Samples part_of(const ImageSet& images, std::int64_t first, std::int64_t count) {
  const auto rows = [&](const auto& all) {
    const std::size_t width = all.size() / static_cast<std::size_t>(images.count);
    return std::span(all).subspan(static_cast<std::size_t>(first) * width,
                                  static_cast<std::size_t>(count) * width);
  };
  Samples part{.count = count, .inputs = {}, .targets = rows(images.labels)};
  if (!images.targets.empty()) part.targets = rows(images.targets);
  const std::int64_t size = images.height * images.width * images.channels;
  std::visit(
      [&](const auto& pixels) {
        part.inputs = std::span(pixels).subspan(static_cast<std::size_t>(first * size),
                                                static_cast<std::size_t>(count * size));
      },
      images.pixels);
  return part;
}

/// A network may also take an image as one axis, or as two.
bool takes(const Shape& input, const Shape& image) {
  return input.size() == image.size() ? input == image
                                      : element_count(input) == element_count(image);
}

}  // namespace

CLI::Option* add_model_file(CLI::App& command, std::string& file) {
  return command
      .add_option("MODEL", file,
                  "The file of a model, as Model::save(), ModelCheckpoint and saltus sweep --save "
                  "write it")
      ->type_name("FILE");
}

void add_model_run_options(CLI::App& command, ModelRunArguments& arguments) {
  add_model_file(command, arguments.model)->required();
  command.add_option("--data", arguments.data.data, kDataHelp)
      ->type_name(data_values())
      ->required();
  command.add_option("--target", arguments.data.target, kTargetHelp)->type_name("COLUMN");
  command.add_option("--test", arguments.data.test, kTestHelp)->type_name("FILE");
  command.add_option("--task", arguments.data.task, kTaskHelp)
      ->type_name(kTaskValues)
      ->capture_default_str();
  command.add_option("--set", arguments.set, "Which of its images")
      ->type_name("test|train")
      ->capture_default_str();
  command.add_option("--limit", arguments.limit, "Only the first N of them")->type_name("N");
  command
      .add_option("--device", arguments.device,
                  "Where to compute, in fp32; auto: on a GPU if there is one")
      ->type_name("auto|cpu|cuda")
      ->capture_default_str();
  add_threads(command, arguments.threads);
}

LoadedImages load_images(const ModelRunArguments& arguments, const Model& model) {
  DataProgress progress;
  ImageDataset data = load_data(arguments.data, progress.options());
  ImageSet images = std::move(arguments.set == "train" ? data.train : data.test);
  const Shape image = {images.height, images.width, images.channels};
  const Shape& input = model.graph().nodes().front().shape;
  if (!takes(input, image)) {
    throw InvalidArgument(
        fmt::format("{}: images of shape {} do not fit the network in {}, whose input is {}: give "
                    "--data such images",
                    arguments.data.data, to_string(image), arguments.model, to_string(input)));
  }
  LoadedImages loaded{.images = {}, .task = data.task, .target_names = {}};
  if (!images.targets.empty()) {
    loaded.target_names = data.target_names;
    const Shape& output = model.graph().output().shape;
    if (std::cmp_not_equal(element_count(output), data.target_names.size())) {
      throw InvalidArgument(fmt::format(
          "--target names {} columns for a {}, but the network in {} has {} outputs: name as many",
          data.target_names.size(), to_string(data.task), arguments.model, element_count(output)));
    }
  }
  if (arguments.limit.empty()) {
    loaded.images = std::move(images);
    return loaded;
  }
  const auto limit = parse_number<std::int64_t>("--limit", arguments.limit);
  if (limit < 1) throw InvalidArgument(fmt::format("--limit must be 1 or more, not {}", limit));
  loaded.images = images.first(limit);
  return loaded;
}

void for_each_part(const ImageSet& images, const std::string& label,
                   const std::function<void(const Samples& part)>& run) {
  ProgressBar bar(std::cerr, can_redraw(STDERR_FILENO),
                  {.label = label, .ascii = !shows_unicode()});
  for (std::int64_t done = 0; done < images.count;) {
    throw_if_interrupted();
    const std::int64_t count = std::min(kPart, images.count - done);
    run(part_of(images, done, count));
    bar.update(done += count, images.count, {"images"});
  }
}

}  // namespace saltus::app
