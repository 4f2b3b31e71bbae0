// The files in a sweep's folder, beside the models and states of trials. A new one is a line here
// and a function.
#pragma once

#include <filesystem>
#include <string_view>

#include <saltus/report.h>

namespace saltus {

/// Grows line by line. All others but sweep.json can be made of it again.
inline constexpr std::string_view kHistoryFile = "history.jsonl";

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
};

/// A picture, drawn at the end in the formats of write_figure().
struct SweepPicture {
  std::string_view name;
  void (*draw)(const std::filesystem::path& folder, std::string_view name, const SweepPlan& plan,
               const SweepResult& result);
};
void draw_accuracy(const std::filesystem::path& folder, std::string_view name,
                   const SweepPlan& plan, const SweepResult& result);
void draw_loss(const std::filesystem::path& folder, std::string_view name, const SweepPlan& plan,
               const SweepResult& result);
/// Nothing where no parameter of an activation is learned.
void draw_parameters(const std::filesystem::path& folder, std::string_view name,
                     const SweepPlan& plan, const SweepResult& result);
inline constexpr SweepPicture kPictures[] = {
    {"accuracy", draw_accuracy},
    {"loss", draw_loss},
    {"parameters", draw_parameters},
};

/// All of them that history.jsonl can be made into again.
std::vector<std::string> derived_files();

}  // namespace saltus
