#include "data_choice.h"

#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

#include "lists.h"

namespace saltus::app {

std::string data_values() {
  std::string values = dataset_names();
  for (const LocalDataset& local : local_datasets()) values.append("|").append(local.name);
  return values + "|DIR|FILE";
}

namespace {

constexpr std::pair<std::string_view, Task> kTasks[] = {{"classification", Task::multi_class},
                                                        {"multi-label", Task::multi_label},
                                                        {"regression", Task::regression}};

std::optional<Task> task_of(std::string_view text) {
  if (text == kAnyTask) return std::nullopt;
  for (const auto& [name, task] : kTasks) {
    if (name == text) return task;
  }
  throw InvalidArgument(fmt::format("--task: '{}' is none of {}", text, kTaskValues));
}

}  // namespace

std::string_view task_option(Task task) {
  for (const auto& [name, one] : kTasks) {
    if (one == task) return name;
  }
  return kTasks[0].first;  // of two classes
}

ImageDataset load_data(const DataChoice& choice, const FetchOptions& options) {
  const std::optional<Task> task = task_of(choice.task);
  if (choice.target.empty() && choice.test.empty() && !task)
    return load_dataset(choice.data, options);
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(choice.data, ignored)) {
    throw InvalidArgument(
        fmt::format("{} belongs to a table, but --data is {}, which is no file: name the file of a "
                    "table, or leave the option away",
                    !choice.target.empty() ? "--target"
                    : !choice.test.empty() ? "--test"
                                           : "--task",
                    choice.data));
  }
  if (choice.target.empty()) {
    throw InvalidArgument(fmt::format(
        "{} is a table, so --target is needed: name the column to predict", choice.data));
  }
  return load_table(choice.data, {.target = choice.target, .test = choice.test, .task = task});
}

}  // namespace saltus::app
