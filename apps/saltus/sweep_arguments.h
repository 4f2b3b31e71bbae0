// The options of saltus sweep.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <set>
#include <string>

#include <saltus/sweep.h>

#include "output_folder.h"

namespace saltus::app {

/// Options as the user wrote them; the defaults are the tutorial's.
struct SweepArguments {
  std::string config;
  std::string data = "mnist";
  std::string activations = "sigmoid,relu,elu,leaky_relu,selu,gelu_tanh";
  std::string epochs = "20";
  std::string batch_size = "128";
  std::string learning_rate = "0.001";
  std::string clipvalue = "0.5";
  std::string clipnorm;
  std::string global_clipnorm;
  std::string seeds = "1";
  std::string seed = "0";
  std::string recipe = "tutorial";
  std::string loss = "binary_crossentropy";
  std::string train_limit;
  std::string test_limit;
  std::string device = "auto";
  std::string precision = "auto";
  std::string gemm = "saltus";
  std::string conv = "saltus";
  std::string concurrent = "0";
  std::string threads = "0";
  std::string out;
  std::string save = "none";
  bool quick = false;
  bool overwrite = false;
  bool resume = false;

  std::set<std::string> given;  ///< names of options with a value that the user typed

  /// Whether the user typed it, or it has its default.
  bool is_given(const std::string& option) const { return given.contains(option); }
};

/// Adds the options to the subcommand, which must not outlive the arguments.
void add_sweep_options(CLI::App& command, const std::shared_ptr<SweepArguments>& arguments);

/// The configuration that they describe; with an earlier one, that, changed by what the user typed.
/// Throws InvalidArgument, and DeviceError where there is not the device that is asked for.
SweepConfig sweep_config(const SweepArguments& arguments, const SweepConfig* earlier = nullptr);

/// Trials to train side by side; 0: as many as the device is best at. Throws InvalidArgument.
int concurrent_trials(const SweepArguments& arguments);

/// What to do with results that are there, by --out, --overwrite and --resume. Throws
/// InvalidArgument for --resume without --out.
Existing existing_results(const SweepArguments& arguments);

}  // namespace saltus::app
