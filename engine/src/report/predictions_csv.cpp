#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"

namespace saltus {
namespace {

/// The class that a network says, as a cell.
std::string predicted(std::span<const float> outputs, Task task) {
  if (outputs.size() == 1 && task != Task::binary) return "";
  if (std::ranges::any_of(outputs, [](float value) { return std::isnan(value); })) return "";
  if (outputs.size() == 1) return outputs[0] > 0.5F ? "1" : "0";
  return fmt::to_string(std::ranges::max_element(outputs) - outputs.begin());
}

}  // namespace

std::string predictions_csv(std::span<const std::int32_t> labels, std::span<const float> outputs,
                            Task task) try {
  if (labels.empty() || outputs.empty() || outputs.size() % labels.size() != 0) {
    throw InvalidArgument(fmt::format(
        "{} outputs do not belong to {} labels: give those that predict() returns for them",
        outputs.size(), labels.size()));
  }
  const std::size_t width = outputs.size() / labels.size();
  std::string text = "number,label,predicted";
  for (std::size_t i = 0; i < width; ++i) {
    fmt::format_to(std::back_inserter(text), ",output_{}", i);
  }
  text += '\n';
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const std::span<const float> row = outputs.subspan(i * width, width);
    fmt::format_to(std::back_inserter(text), "{},{},{}", i, labels[i], predicted(row, task));
    for (const float value : row) {
      fmt::format_to(std::back_inserter(text), ",{}", written(value));
    }
    text += '\n';
  }
  return text;
} catch (...) {
  throw_as_promised();
}

std::string predictions_csv(std::span<const std::string> names, std::span<const float> targets,
                            std::span<const float> outputs) try {
  if (names.empty() || targets.empty() || targets.size() != outputs.size() ||
      targets.size() % names.size() != 0) {
    throw InvalidArgument(fmt::format("{} outputs do not belong to {} values of {} targets",
                                      outputs.size(), targets.size(), names.size()));
  }
  std::string text = "number";
  for (const std::string& name : names) {
    fmt::format_to(std::back_inserter(text), ",{},{}", csv_field(name),
                   csv_field("predicted_" + name));
  }
  text += '\n';
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (i % names.size() == 0) fmt::format_to(std::back_inserter(text), "{}", i / names.size());
    fmt::format_to(std::back_inserter(text), ",{},{}", written(targets[i]), written(outputs[i]));
    if ((i + 1) % names.size() == 0) text += '\n';
  }
  return text;
} catch (...) {
  throw_as_promised();
}

void write_predictions_csv(const std::filesystem::path& file, std::span<const std::int32_t> labels,
                           std::span<const float> outputs, Task task) try {
  write_file_atomic(file, predictions_csv(labels, outputs, task));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
