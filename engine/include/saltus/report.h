#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/machine.h>
#include <saltus/sweep.h>

/// The files of a sweep, of the curves and of predictions; docs/sweep-output.md has their schema.
/// Every file is written whole or not at all: a temporary file beside it, fsync, rename. All throw
/// DataError if a file cannot be written.
namespace saltus {

/// The names of the files that a sweep may write into its folder, beside models/ and states/.
SALTUS_API std::vector<std::string> sweep_files();

/// The one in which read_sweep_json() finds what was asked for.
inline constexpr std::string_view kSweepFile = "sweep.json";

/// The page that report_html() makes, in the sweep's folder.
inline constexpr std::string_view kReportFile = "report.html";

/// sweep.json: what is asked for, on which data, with which program and machine.
SALTUS_API void write_sweep_json(const std::filesystem::path& file, const SweepPlan& plan,
                                 const MachineInfo& machine);

/// The contents of a sweep.json.
struct RecordedSweep {
  SweepConfig config;
  ImageDataset data;  ///< without pixels and labels
  MachineInfo machine;
};

/// Throws DataError if the file is not a sweep.json, or its configuration does not pass validate().
SALTUS_API RecordedSweep read_sweep_json(const std::filesystem::path& file);

/// history.csv: a row for each trial and epoch.
SALTUS_API void write_history_csv(const std::filesystem::path& file, const SweepResult& result);

/// results.json: statistics, ranking and every trial.
SALTUS_API void write_results_json(const std::filesystem::path& file, const SweepResult& result);

/// confusion.csv: for each setting, in the mean of its trials and in each of them, how many images
/// of a class were taken for which; a row for each pair of classes that occurred.
SALTUS_API void write_confusion_csv(const std::filesystem::path& file, const SweepResult& result);

/// layers.csv: a row for each trial, epoch and layer with its diagnostics; none where there are
/// none.
SALTUS_API void write_layers_csv(const std::filesystem::path& file, const SweepResult& result);

/// A sentence for each layer of a setting in which something is wrong, in the mean of its trials:
/// docs/diagnostics.md has the limits. Empty where nothing is.
SALTUS_API std::vector<std::string> diagnostics_sentences(const SweepResult& result);

/// The trials in a results.json. Throws DataError if the file is not one.
SALTUS_API std::vector<TrialResult> read_results_json(const std::filesystem::path& file);

/// The trials in a history.jsonl. A trial that has no end there is stopped; a last line that is cut
/// off, because its writer was killed, is ignored. Throws DataError, with the number of the line,
/// if the file is not a history.
SALTUS_API std::vector<TrialResult> read_history_jsonl(const std::filesystem::path& file);

/// The trials of an earlier run, for resuming it: those in history.jsonl, or in results.json if an
/// earlier version wrote no history.jsonl, and those that a TrialStore has. Throws DataError.
SALTUS_API std::vector<TrialResult> read_trials(const std::filesystem::path& folder);

/// A sweep as its folder has it.
struct StoredSweep {
  SweepPlan plan;  ///< without networks; its data without pixels and labels
  SweepResult result;
  MachineInfo machine;  ///< that it began on
};

/// Reads a sweep from the folder that it wrote. Trains nothing, and needs no data. Throws DataError
/// if the folder holds no sweep, or one with other trials than its sweep.json asks for, as another
/// version of Saltus may have written it.
SALTUS_API StoredSweep read_sweep(const std::filesystem::path& folder);

/// A column of a ranking.
struct RankingColumn {
  std::string_view name;  ///< "accuracy"
  std::string title;      ///< "accuracy, %"
  bool is_number = false;
};

/// What stands in it for a setting.
struct RankingCell {
  std::string text;  ///< UTF-8; "-" for nothing
  double order = 0;  ///< to sort numbers by; NaN for nothing
};

/// A ranking as texts, the best setting first.
struct RankingTable {
  /// rank, setting, accuracy (the score, whatever it is), sd, n, binary_accuracy (of more classes
  /// than two), mean_absolute_error (of a regression), loss, best, difference, interval, p, d,
  /// time, status; those of the difference are to the baseline if there is one, otherwise to
  /// rank 1. With a validation_split also test, behind accuracy, and new_images, behind interval.
  std::vector<RankingColumn> columns;
  std::vector<std::vector<RankingCell>> rows;
  std::vector<std::size_t> settings;  ///< of each row, as an index into SweepResult::settings
};

/// The ranking of a sweep. A setting without a trial that is ok shows the stopped trial that came
/// furthest, as far as it came.
SALTUS_API RankingTable ranking_table(const SweepResult& result);

/// SweepResult::activations as texts, a row for each: label, accuracy, difference, p.
SALTUS_API std::vector<std::vector<std::string>> activations_table(const SweepResult& result);

/// A sweep on one page of HTML that needs nothing else: table, curves, differences with intervals,
/// every seed, mean ranks, confused classes, and what ran, on what, in which time. `command`
/// repeats the sweep.
SALTUS_API std::string report_html(const StoredSweep& sweep, const std::string& command = {});

/// Its ranking as a table in LaTeX (with booktabs) and in Markdown, with a caption.
SALTUS_API std::string report_latex(const StoredSweep& sweep);
SALTUS_API std::string report_markdown(const StoredSweep& sweep);

/// Writes one of them into a file.
SALTUS_API void write_report(const std::filesystem::path& file, std::string_view report);

/// Writes the files of a sweep, but for the pictures, while it runs: history.jsonl grows with every
/// epoch and trial; history.csv and results.json are written again now and then, each time for half
/// as many trials more. The folder stays as it is until the first step is done, so that a sweep
/// that cannot begin leaves nothing in it.
class SALTUS_API SweepWriter {
 public:
  /// `done` are trials of an earlier run in this folder, which stay; if there are none, results
  /// that are in it are replaced. The plan must outlive this. Throws DataError if the folder
  /// cannot be written.
  SweepWriter(std::filesystem::path folder, const SweepPlan& plan,
              std::span<const TrialResult> done);
  SweepWriter(const SweepWriter&) = delete;
  SweepWriter& operator=(const SweepWriter&) = delete;
  ~SweepWriter();

  /// For SweepOptions::callbacks: writes the epochs of a trial, those of an earlier run first. This
  /// must outlive it.
  CallbackPtr callback(const TrialSpec& trial);

  /// For SweepOptions::on_trial_end.
  void add(const TrialSpec& trial, const TrialResult& result, std::span<const TrialResult> all);

  /// history.csv and results.json, for the last time.
  void write(const SweepResult& result);

  /// Whether a step was done, or something written.
  bool begun() const;

 private:
  class State;
  class EpochWriter;
  std::unique_ptr<State> state_;
};

/// Whether this is a temporary file of one that the functions here write: what a program leaves
/// that is killed.
SALTUS_API bool is_leftover(const std::filesystem::directory_entry& entry);

/// Removes all of them from a folder. The caller sees to it that nobody else writes into it. Throws
/// DataError if one cannot be removed.
SALTUS_API void remove_leftovers(const std::filesystem::path& folder);

/// The names of a sweep's pictures: accuracy, loss, parameters, diagnostics.
SALTUS_API std::vector<std::string> sweep_figures();

/// What of a sweep is drawn.
struct DrawOptions {
  std::vector<std::string> figures = {};     ///< of sweep_figures(); empty: all
  std::vector<Activation> activations = {};  ///< of the sweep's; empty: all
  bool drop_first_epoch = false;
  bool svg_and_png = true;
  bool pdf = false;
};

/// accuracy and loss: a line for each setting through the mean over its seeds, a band from lowest
/// to highest, for training and validation; where any are learned, the parameters of activations;
/// and what layers do, where that was diagnosed. Returns the names of the files. Throws Error if
/// gnuplot is missing or fails, and InvalidArgument if there is no such picture or activation, or
/// nothing is left to draw.
SALTUS_API std::vector<std::string> draw_sweep(const std::filesystem::path& folder,
                                               const SweepPlan& plan, const SweepResult& result,
                                               const DrawOptions& options = {});

/// The range in which curves are drawn.
struct CurveOptions {
  double from = -5;
  double to = 5;
  int points = 1001;
};

/// An activation and its derivative, computed in float32 by the code that trains.
struct Curve {
  Activation activation;
  std::vector<float> x;
  std::vector<float> f;
  std::vector<float> df;
};

/// If f overflows, the values are infinite, as in training, and not drawn. Throws
/// InvalidArgument unless from < to, also as float32, with 2 to 100,000 points, at one of which f
/// is finite.
SALTUS_API Curve compute_curve(const Activation& activation, const CurveOptions& options = {});

/// curves.csv: activation,x,f,df; each float in the fewest digits that give it back.
SALTUS_API void write_curves_csv(const std::filesystem::path& file,
                                 const std::vector<Curve>& curves);

/// Predictions as CSV: number (from 0), label, predicted, output_0 and so on; a row for each label.
/// `outputs` is what Model::predict() gives, [labels][outputs of the network]; each float is in the
/// fewest digits that give it back. `predicted` is the class of the largest output, the first of
/// equals; of one output, class 1 where it is above 0.5 and `task` is binary, else empty; and empty
/// if one is NaN. Throws InvalidArgument unless each label has the same number of outputs, one at
/// least.
SALTUS_API std::string predictions_csv(std::span<const std::int32_t> labels,
                                       std::span<const float> outputs,
                                       Task task = Task::multi_class);
SALTUS_API void write_predictions_csv(const std::filesystem::path& file,
                                      std::span<const std::int32_t> labels,
                                      std::span<const float> outputs,
                                      Task task = Task::multi_class);

/// The same of targets that are numbers or labels: number, then for each of `names` its target and
/// the network's output, "price,predicted_price". Both are [rows][names].
SALTUS_API std::string predictions_csv(std::span<const std::string> names,
                                       std::span<const float> targets,
                                       std::span<const float> outputs);

/// curves.svg and .png: each function with its derivative, side by side. Throws Error if gnuplot
/// is missing or fails.
SALTUS_API void draw_curves(const std::filesystem::path& folder, const std::vector<Curve>& curves);

}  // namespace saltus
