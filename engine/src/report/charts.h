// The pictures of a sweep's report.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <saltus/diagnostics.h>
#include <saltus/statistics.h>

#include "report/axis.h"
#include "report/series.h"

namespace saltus {

/// Room for a character of a name: some fonts need less.
inline constexpr double kCharacterWidth = 6.8;

/// A figure, epoch by epoch.
struct CurveFigure {
  std::string title;
  std::string metric;
  std::string axis_name;
  Axis (*axis)(const Range&);
  std::optional<double> chance;  ///< what a network that knows nothing has
};

/// How a figure of a task is shown, and what a picture of it is called.
struct ShownFigure {
  std::string name;       ///< "Binary accuracy"
  std::string axis_name;  ///< "accuracy, %"
  Axis (*axis)(const Range&);
};
ShownFigure shown_figure(std::string_view figure, const Score& score);

/// A line for each setting, with a marker of its own and its name at its end.
std::string curve_chart(const std::vector<Series>& series, const CurveFigure& figure);

/// A setting in a list of them.
struct ChartRow {
  std::string rank;
  std::string label;
  const SettingResult* result;
};

/// A difference with its interval for each row that has one, against what `reference` names.
std::string forest_chart(const std::vector<ChartRow>& rows, const Score& score,
                         const std::string& reference,
                         std::optional<PairedComparison> SettingResult::*comparison);

/// The score of each row: every seed, the mean and its interval.
std::string dot_chart(const std::vector<ChartRow>& rows, const Score& score,
                      const std::optional<double>& chance);

/// A confusion matrix of few classes, with the accuracy of each.
std::string confusion_chart(const Confusion& confusion, const std::string& label);

/// Dead and saturated units of the layers of a setting, epoch by epoch; a pointer shows all
/// figures. Empty without epochs. `epochs` as of mean_diagnostics().
std::string layer_chart(const std::vector<std::vector<LayerDiagnostics>>& epochs,
                        const std::string& label);

/// The critical-difference diagram of Demsar (2006): names at their mean ranks, and bars that join
/// those that are no further apart than the critical difference.
std::string rank_chart(const std::vector<std::string>& labels, const RankTest& test);

}  // namespace saltus
