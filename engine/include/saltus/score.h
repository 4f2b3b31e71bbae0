#pragma once

#include <saltus/export.h>

#include <string>
#include <string_view>
#include <vector>

#include <saltus/image_set.h>

namespace saltus {

/// The figure by which models of a task are ranked and compared.
struct Score {
  std::string_view figure = "categorical_accuracy";  ///< its name in logs, without val_ or test_
  std::string_view name = "accuracy";                ///< in words: "RMSE"
  /// Smaller is better, printed with four digits in the targets' unit; else larger is better, a
  /// share that is printed in percent.
  bool is_error = false;

  std::string val() const { return "val_" + std::string(figure); }
  std::string test() const { return "test_" + std::string(figure); }

  /// Whether a value is better than another.
  bool better(double a, double b) const { return is_error ? a < b : a > b; }

  /// How much better a value is than another; below 0 where it is worse.
  double lead(double a, double b) const { return is_error ? b - a : a - b; }
};

/// Of classes: categorical_accuracy, of two binary_accuracy; of labels: binary_accuracy, the share
/// of all labels of all samples that are right; of a regression: root_mean_squared_error, in the
/// unit of the target, or where there are several in standard deviations of each.
SALTUS_API Score score_of(Task task);

/// The figures that a sweep has of a task, the score first, the loss last.
SALTUS_API std::vector<std::string_view> figures_of(Task task);

}  // namespace saltus
