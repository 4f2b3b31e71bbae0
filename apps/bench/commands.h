#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace saltus::bench {

/// What every command takes.
struct Options {
  std::string activation = "relu";
  std::string precision = "fp32";
  int threads = 0;
  std::string data;  ///< a folder of IDX files; empty: synthetic images
};

/// Speaks the protocol of peers/protocol.py: prints `description`, then answers each line `run
/// STEPS` with the seconds per step of run(STEPS), which returns the loss.
void serve(const nlohmann::json& description, const std::function<double(int steps)>& run);

/// Training steps of the tutorial's network.
void step(const Options& options);

/// The oneDNN primitives of such a step alone, each on all threads, with no buffer ever out of
/// place: a yardstick.
void primitives(const Options& options);

/// A step for every activation of the list in alternating rounds, as a table of ratios to relu.
void activations(const Options& options, int rounds, int steps);

}  // namespace saltus::bench
