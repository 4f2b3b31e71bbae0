// The options of saltus sweep.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <string>

#include <saltus/report.h>
#include <saltus/sweep.h>

#include "output_folder.h"

namespace saltus::app {

/// Options as the user wrote them; the defaults are those of SweepConfig and SweepOptions.
struct SweepArguments {
  SweepArguments();

  std::string config;
  std::string data = "mnist";
  std::string target;
  std::string test;
  std::string task;
  std::string activations;
  std::string activations_file;
  std::string baseline;
  std::string epochs;
  std::string batch_size;
  std::string initializer;
  std::string batch_norm = "no";
  std::string dropout;
  std::string early_stopping = "none";
  std::string optimizer;
  std::string learning_rate;
  std::string schedule;
  std::string ema_momentum = "none";
  std::string clipvalue;
  std::string clipnorm;
  std::string global_clipnorm;
  std::string seeds;
  std::string seed;
  std::string network;
  std::string recipe;
  std::string loss;
  std::string train_limit;
  std::string test_limit;
  std::string validation_split;
  std::string error;
  std::string epsilon = "auto";
  std::string max_trials;
  std::string device;
  std::string precision = "auto";
  std::string gemm;
  std::string conv;
  std::string concurrent;
  std::string threads;
  std::string out;
  std::string save;
  std::string trace;
  std::string part;
  std::string audit = "0";
  std::string workers;
  std::string slurm;
  std::string devices;
  std::string emit;
  bool standardize = false;
  bool no_standardize = false;
  bool serve = false;
  bool insecure = false;
  bool until_decided = false;
  bool no_diagnostics = false;
  bool quick = false;
  bool overwrite = false;
  bool resume = false;

  std::set<std::string> given;  ///< names of options with a value that the user typed

  /// Whether the user typed it, or it has its default.
  bool is_given(const std::string& option) const { return given.contains(option); }
};

/// Adds the options to the subcommand, which must not outlive the arguments.
void add_sweep_options(CLI::App& command, const std::shared_ptr<SweepArguments>& arguments);

/// The configuration that they describe, or an earlier one changed by what the user typed.
/// Throws InvalidArgument, and DeviceError if the requested device is missing.
SweepConfig sweep_config(const SweepArguments& arguments, const SweepConfig* earlier = nullptr);

/// Fills in what the user left open and the data decides: of a table, whose task it is, the loss
/// that belongs to the task, and that inputs are standardised. `earlier` is the sweep whose options
/// are taken, or null.
void take_usual(const SweepArguments& arguments, const ImageDataset& data,
                const RecordedSweep* earlier, SweepConfig& config);

/// Trials to train side by side; 0: as many as the device is best at. Throws InvalidArgument.
int concurrent_trials(const SweepArguments& arguments);

/// Steps between two points of a trace; 0: there is none. Throws InvalidArgument.
std::int64_t trace_steps(const SweepArguments& arguments);

/// Whether several programs are to train it, in a folder that they share. Throws InvalidArgument
/// for what does not go with that.
bool is_shared(const SweepArguments& arguments);

/// How to treat results that are there, by --out, --overwrite and --resume. Throws
/// InvalidArgument for --resume without --out.
Existing existing_results(const SweepArguments& arguments);

}  // namespace saltus::app
