// Whether a sweep can learn from its data.
#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

#include "sweep/plan.h"
#include "sweep/settings.h"
#include "sweep/trial_model.h"

namespace saltus {
namespace {

/// The losses that fit the end of a task's network, in words; empty where all do. Formulas always
/// do.
std::string fitting_losses(Task task, const Loss& loss) {
  switch (task) {
    case Task::multi_class:
      break;
    case Task::binary:
    case Task::multi_label:
      if (loss.as<losses::BinaryCrossentropy>() == nullptr) return "binary_crossentropy";
      break;
    case Task::regression:
      if (loss.as<losses::MeanSquaredError>() == nullptr &&
          loss.as<losses::MeanAbsoluteError>() == nullptr && loss.as<losses::Huber>() == nullptr)
        return "mean_squared_error, mean_absolute_error, huber";
      break;
  }
  return {};
}

/// That the loss fits the end of the network, which the task decides.
void check_task(const SweepConfig& config, const ImageDataset& data) {
  if (config.loss.is_formula()) return;
  const std::string fitting = fitting_losses(data.task, config.loss);
  if (fitting.empty()) return;
  const std::string_view end = data.task == Task::regression ? "linear units"
                               : data.task == Task::binary   ? "one sigmoid unit"
                                                             : "a sigmoid unit for each label";
  throw InvalidArgument(fmt::format(
      "the target {} makes the task {}, whose network ends with {} and whose loss is {} or a "
      "formula; {} does not fit it: leave --loss away, or name another task",
      data.target, to_string(data.task), end, fitting, to_string(config.loss)));
}

/// That early stopping watches a figure that there is.
void check_monitor(const SweepConfig& config, Task task) {
  if (!config.early_stopping) return;
  std::string_view figure = config.early_stopping->monitor;
  if (figure.starts_with("val_")) figure.remove_prefix(4);
  const std::vector<std::string_view> figures = figures_of(task);
  if (std::ranges::count(figures, figure) > 0) return;
  throw InvalidArgument(fmt::format(
      "early stopping watches {}, but the figures of the task {} are {}, also with val_ "
      "before them: choose one as its monitor",
      config.early_stopping->monitor, to_string(task), fmt::join(figures, ", ")));
}

bool takes_images(const SweepConfig& config, const Shape& image, const ImageDataset& data) {
  try {
    network_of(config, {.activation = config.activations.front()}, image, outputs_of(data),
               data.task);
    return true;
  } catch (const InvalidArgument&) {
    return false;
  }
}

/// That a column of targets has something to learn.
void check_targets(const ImageDataset& data, std::size_t used) {
  const std::size_t width = data.target_names.size();
  for (std::size_t column = 0; column < width; ++column) {
    const auto value = [&](std::size_t row) { return data.train.targets[row * width + column]; };
    std::size_t row = 1;
    while (row < used && value(row) == value(0)) ++row;
    if (row < used) continue;
    throw DataError(fmt::format(
        "{}: the target {} is {} in all {} training rows that are used, so there is nothing to "
        "learn: use more rows, or another target",
        data.source, data.target_names[column], value(0), used));
  }
}

}  // namespace

Loss usual_loss(Task task) {
  switch (task) {
    case Task::multi_class:
      return losses::CategoricalCrossentropy{};
    case Task::binary:
    case Task::multi_label:
      break;
    case Task::regression:
      return losses::MeanSquaredError{};
  }
  return losses::BinaryCrossentropy{};
}

void check_data(const SweepConfig& config, const ImageDataset& data) {
  const std::string& place = data.source.empty() ? data.name : data.source;
  const Shape image = {data.train.height, data.train.width, data.train.channels};
  if (image[0] == 1 && image[1] == 1 &&
      !std::holds_alternative<architectures::Mlp>(config.architecture)) {
    throw DataError(fmt::format(
        "{}: samples of one pixel, as the rows of a table are, have nothing that the network {} "
        "could convolve: choose --network mlp",
        place, text_of(config.architecture)));
  }
  if (!takes_images(config, image, data)) {
    // An axis of one pixel is left alone by every network.
    Shape smallest = image;
    std::int64_t extent = 1;
    do {
      ++extent;
      if (image[0] > 1) smallest[0] = extent;
      if (image[1] > 1) smallest[1] = extent;
    } while (!takes_images(config, smallest, data));
    throw DataError(fmt::format(
        "{}: images of {} x {} are too small for the network {}, which takes {} x {} or more: put "
        "margins around them, or choose another with --network",
        place, image[0], image[1], text_of(config.architecture), smallest[0], smallest[1]));
  }
  check_task(config, data);
  check_monitor(config, data.task);
  const auto used = static_cast<std::size_t>(samples_of(config, data).train.count);
  if (data.train.labels.empty()) return check_targets(data, used);
  const auto labels = std::span(data.train.labels).first(used);
  const auto [least, most] = std::ranges::minmax(labels);
  if (least == most) {
    throw DataError(fmt::format(
        "{}: all {} training images that are used have label {}, but a sweep needs two classes: "
        "use more images, or others",
        place, used, least));
  }
}

}  // namespace saltus
