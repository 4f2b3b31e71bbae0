#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <saltus/machine.h>
#include <saltus/sweep.h>

/// The files of a sweep and of the curves; docs/sweep-output.md has their schema. Every file is
/// written whole or not at all: a temporary file beside it, fsync, rename. All throw DataError
/// where a file cannot be written.
namespace saltus {

/// sweep.json: what is asked for, on which data, with which program and machine.
void write_sweep_json(const std::filesystem::path& file, const SweepConfig& config,
                      const ImageDataset& data, const MachineInfo& machine);

/// What a sweep.json says.
struct RecordedSweep {
  SweepConfig config;
  std::string data_name;
  std::filesystem::path data_folder;  ///< from which it was read
  /// Checksums of training images, training labels, test images, test labels.
  std::array<std::string, 4> data_md5;
};

/// Throws DataError where the file is none, or its configuration does not pass validate().
RecordedSweep read_sweep_json(const std::filesystem::path& file);

/// history.csv: a row for each trial and epoch.
void write_history_csv(const std::filesystem::path& file, const SweepResult& result);

/// results.json: statistics, ranking and every trial.
void write_results_json(const std::filesystem::path& file, const SweepResult& result);

/// The trials in a results.json, for resuming. Throws DataError where the file is none.
std::vector<TrialResult> read_results_json(const std::filesystem::path& file);

/// accuracy and loss, each .svg and .png: a line for each setting through the mean over its seeds,
/// a band from lowest to highest, for training and validation. Throws Error where gnuplot is
/// missing or fails.
void draw_sweep(const std::filesystem::path& folder, const SweepConfig& config,
                const ImageDataset& data, const SweepResult& result);

/// Where curves are drawn.
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

/// Where f overflows, the values are infinite, as in training, and not drawn. Throws InvalidArgument
/// unless from < to, also as float32, with 2 to 100,000 points, at one of which f is finite.
Curve compute_curve(const Activation& activation, const CurveOptions& options = {});

/// curves.csv: activation,x,f,df; each float in the fewest digits that give it back.
void write_curves_csv(const std::filesystem::path& file, const std::vector<Curve>& curves);

/// curves.svg and .png: each function with its derivative, side by side. Throws Error where gnuplot
/// is missing or fails.
void draw_curves(const std::filesystem::path& folder, const std::vector<Curve>& curves);

}  // namespace saltus
