// saltus_gpu_bench: each kernel on a GPU at the shapes of the tutorial's network, beside cuDNN and
// cuBLASLt, and the device's ceilings.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <fstream>

#include "report.h"

namespace {

using namespace saltus;

constexpr int kNoGpu = 3;

struct Options {
  std::vector<std::string> parts = {"ceilings", "kernels", "step"};
  std::vector<std::string> kinds = {"tf32", "bf16"};
  std::vector<int> trials = {1, 6};
  int rows = 128;
  bench::Protocol protocol;
  std::string only;
  std::vector<std::string> skip;
  int turns = 512;
  std::string json;
};

bool is_chosen(const bench::Entry& entry, const Options& options) {
  const auto named = [&](const std::string& text) {
    return entry.name.find(text) != std::string::npos;
  };
  return named(options.only) && std::none_of(options.skip.begin(), options.skip.end(), named);
}

bool gpu_is_missing() {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error == cudaSuccess && devices > 0) return false;
  std::printf("no GPU to measure on (%s)\n", cudaGetErrorString(error));
  return true;
}

std::vector<bench::Entry> entries_of(const Options& options) {
  const auto asked = [&](const std::string& part) {
    return std::find(options.parts.begin(), options.parts.end(), part) != options.parts.end();
  };
  std::vector<bench::Entry> entries;
  if (asked("ceilings")) bench::add_ceilings(entries, options.turns);
  for (const int trials : options.trials) {
    const bench::Setting setting = {options.rows, trials};
    if (asked("kernels")) {
      bench::add_products(entries, setting);
      bench::add_others(entries, setting);
    }
    for (const std::string& kind : options.kinds) {
      if (asked("step")) bench::add_step(entries, setting, parse_precision(kind));
    }
  }
  return entries;
}

/// After each entry, and never half a file, so that a run that is cut off leaves what it has.
void save(const std::string& path, const nlohmann::json& all) {
  if (path.empty()) return;
  const std::string unfinished = path + ".part";
  std::ofstream file(unfinished);
  file << all.dump(1) << '\n';
  file.close();
  if (!file || std::rename(unfinished.c_str(), path.c_str()) != 0)
    throw std::runtime_error("cannot write " + path);
}

int measure_all(const Options& options) {
  nlohmann::json all = {{"device", bench::describe_device()},
                        {"rows", options.rows},
                        {"rounds", options.protocol.rounds},
                        {"entries", nlohmann::json::array()}};
  bench::print_heading(all["device"]);
  int failed = 0;
  for (const bench::Entry& entry : entries_of(options)) {
    if (!is_chosen(entry, options)) continue;
    try {
      const nlohmann::json line =
          bench::to_json(entry, bench::measure(entry.make(), options.protocol));
      bench::print_lines(line);
      all["entries"].push_back(line);
      save(options.json, all);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s (%s, %d trials): %s\n", entry.name.c_str(), entry.kind.c_str(),
                   entry.trials, error.what());
      ++failed;
    }
  }
  return failed == 0 ? 0 : 1;
}

int run(int argc, char** argv) {
  Options options;
  CLI::App app("Times of the kernels on a GPU, beside cuDNN and cuBLASLt.");
  app.add_option(
         "--parts", options.parts,
         "ceilings: what the device can do; kernels: ours, beside the libraries'; step: each "
         "launch of a training step")
      ->delimiter(',')
      ->check(CLI::IsMember({"ceilings", "kernels", "step"}))
      ->capture_default_str();
  app.add_option("--kinds", options.kinds, "Numbers of the step's products")
      ->delimiter(',')
      ->check(CLI::IsMember({"fp32", "tf32", "bf16"}))
      ->capture_default_str();
  app.add_option("--turns", options.turns, "How often a ceiling's kernel repeats its instruction")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--trials", options.trials, "Numbers of models computed side by side")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--rows", options.rows, "Images of a batch")->capture_default_str();
  app.add_option("--rounds", options.protocol.rounds,
                 "Rounds; each contestant has its turn in each")
      ->capture_default_str();
  app.add_option("--graph-seconds", options.protocol.seconds_of_graph,
                 "Least time of a turn: computations are repeated in one graph")
      ->capture_default_str();
  app.add_option("--only", options.only, "Only computations whose name contains this");
  app.add_option("--skip", options.skip, "None whose name contains one of these")->delimiter(',');
  app.add_option("--json", options.json, "File for all figures");
  CLI11_PARSE(app, argc, argv);
  return gpu_is_missing() ? kNoGpu : measure_all(options);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "saltus_gpu_bench: %s\n", error.what());
    return 1;
  }
}
