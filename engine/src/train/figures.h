// The figures of an epoch: which there are, and what the sums of its batches come to.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <saltus/history.h>
#include <saltus/metric.h>
#include <saltus/optimizer.h>

#include "backend/backend.h"

namespace saltus::train {

/// The figures that a model was compiled for.
class Figures {
 public:
  /// `outputs` is the number of outputs of a sample. Throws InvalidArgument for a metric that is
  /// given twice or has no meaning for so many outputs.
  Figures(std::vector<Metric> metrics, std::int64_t outputs);

  /// For targets that were divided by `unit`: from now on there is root_mean_squared_error, too, of
  /// the figure that `mean_squared_error` names, and mean_absolute_error; both are in the targets'
  /// own unit.
  void report_errors_in(double unit, std::string mean_squared_error);

  /// Their names, in the order in which to show them: see FitInfo::figures.
  std::vector<std::string> names(const Optimizer& optimizer, bool with_validation) const;

  /// The metrics that are formulas or functions of the user's.
  std::vector<Metric> custom() const;

  /// Adds the figures of so many samples to `logs`, under their names with `prefix` before.
  void log(const backend::BatchSums& sums, const std::string& prefix, Logs& logs) const;

 private:
  std::vector<Metric> metrics_;
  double outputs_;
  std::optional<double> unit_;
  std::string mean_squared_error_;
};

/// The first of these figures that is there and not finite.
std::optional<std::string> first_non_finite(const std::vector<std::string>& names,
                                            const Logs& logs);

/// Whether the optimizer clips.
bool clips(const Optimizer& optimizer);

/// Adds batches to a sum over more of them.
void add(std::span<const backend::BatchSums> batches, backend::BatchSums& sums);

}  // namespace saltus::train
