#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace saltus::bench {

/// What every command takes.
struct Options {
  std::string activation = "relu";
  std::string precision = "fp32";
  int threads = 0;
  std::string data;     ///< a folder of IDX files; empty: synthetic images
  std::string weights;  ///< a file of initial weights; empty: drawn from seed 0
  std::string device = "cpu";
  std::int64_t limit = 0;  ///< use the first images only; 0: all
};

/// Speaks the protocol of peers/protocol.py: prints `description`, then answers each line of
/// standard input.
void converse(const nlohmann::json& description,
              const std::function<nlohmann::json(const std::string& line)>& answer);

/// Answers each line `run STEPS` with the seconds per step of run(STEPS), which returns the loss,
/// and how many steps came before.
void serve(const nlohmann::json& description, const std::function<double(int steps)>& run);

/// Training steps of the tutorial's network: step k takes batch k of the images as they are
/// ordered, from the first again behind the last.
void step(const Options& options);

/// The oneDNN primitives of such a step alone, each on all threads, with no buffer ever out of
/// place: a yardstick.
void primitives(const Options& options);

/// A step for every activation of the list in alternating rounds, as a table of ratios to relu.
void activations(const Options& options, int rounds, int steps);

/// Whole trials of the tutorial's network, alone or side by side; peers/trials.py has the requests.
void trials(const Options& options);

}  // namespace saltus::bench
