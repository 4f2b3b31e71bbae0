#include <saltus/score.h>

namespace saltus {

Score score_of(Task task) {
  switch (task) {
    case Task::multi_class:
      break;
    case Task::binary:
      return {.figure = "binary_accuracy"};
    case Task::multi_label:
      return {.figure = "binary_accuracy", .name = "label accuracy"};
    case Task::regression:
      return {.figure = "root_mean_squared_error", .name = "RMSE", .is_error = true};
  }
  return {};
}

std::vector<std::string_view> figures_of(Task task) {
  switch (task) {
    case Task::multi_class:
      return {"categorical_accuracy", "binary_accuracy", "loss"};
    case Task::binary:
    case Task::multi_label:
      break;
    case Task::regression:
      return {"root_mean_squared_error", "mean_absolute_error", "loss"};
  }
  return {"binary_accuracy", "loss"};
}

}  // namespace saltus
