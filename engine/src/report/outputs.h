// The files in a sweep's folder, beside the models and states of trials. A new one is a line here
// and a function.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/report.h>

#include "report/figure.h"

namespace saltus {

/// Grows line by line. All others but sweep.json can be made of it again.
inline constexpr std::string_view kHistoryFile = "history.jsonl";

/// The files of a TrialStore: a history.jsonl of one trial each, named by its id.
inline constexpr std::string_view kTrialsFolder = "trials";
inline constexpr std::string_view kTrialEnding = ".jsonl";

/// `--resume` reads it if an earlier version wrote no history.jsonl.
inline constexpr std::string_view kResultsFile = "results.json";

/// A file that is written now and then, and at the end.
struct SweepTable {
  std::string_view file;
  void (*write)(const std::filesystem::path& file, const SweepResult& result);
};
inline constexpr SweepTable kTables[] = {
    {"history.csv", write_history_csv},
    {kResultsFile, write_results_json},
    {"confusion.csv", write_confusion_csv},
    {"layers.csv", write_layers_csv},
};

/// What is drawn, and where.
struct Drawing {
  const std::filesystem::path& folder;
  const SweepPlan& plan;
  const SweepResult& result;
  std::size_t first_epoch = 0;
  FigureFormats formats = {};
};

/// A picture, drawn at the end in the formats of write_figure(), whose files these return.
struct SweepPicture {
  std::string_view name;
  std::vector<std::string> (*draw)(std::string_view name, const Drawing& drawing);
};
/// Nothing of a regression, whose errors are in the picture of the loss.
std::vector<std::string> draw_accuracy(std::string_view name, const Drawing& drawing);
std::vector<std::string> draw_loss(std::string_view name, const Drawing& drawing);
/// Nothing where no parameter of an activation is learned.
std::vector<std::string> draw_parameters(std::string_view name, const Drawing& drawing);
/// Nothing where no layer was diagnosed.
std::vector<std::string> draw_diagnostics(std::string_view name, const Drawing& drawing);
inline constexpr SweepPicture kPictures[] = {
    {"accuracy", draw_accuracy},
    {"loss", draw_loss},
    {"parameters", draw_parameters},
    {"diagnostics", draw_diagnostics},
};

/// All of them that history.jsonl can be made into again.
std::vector<std::string> derived_files();

}  // namespace saltus
