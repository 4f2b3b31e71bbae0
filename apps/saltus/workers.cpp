#include "workers.h"

#include <algorithm>
#include <cstddef>
#include <system_error>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/machine.h>
#include <saltus/report.h>
#include <saltus/trial_store.h>

#include "crew.h"
#include "lists.h"
#include "output.h"
#include "sweep_console.h"
#include "unit_program.h"
#include "unit_queue.h"

namespace saltus::app {
namespace {

namespace fs = std::filesystem;

constexpr int kMostStarts = 4;

/// The program that this is, wherever it was started from.
constexpr const char* kThisProgram = "/proc/self/exe";

}  // namespace

std::vector<std::string> parse_devices(const std::string& text) {
  std::vector<std::string> devices;
  if (text != "all") {
    for (const int number : parse_numbers<int>("--devices", text))
      devices.push_back(fmt::to_string(number));
    return devices;
  }
  std::error_code none;
  for (fs::directory_iterator gpu("/proc/driver/nvidia/gpus", none);
       !none && gpu != fs::directory_iterator(); gpu.increment(none)) {
    devices.push_back(fmt::to_string(devices.size()));
  }
  if (devices.empty())
    throw DeviceError("--devices all: NVIDIA's driver knows no GPU here; see saltus info");
  return devices;
}

int train_in_workers(const SweepPlan& plan, const Workers& workers, const fs::path& folder) {
  constexpr int kMostWorkers = 1024;
  if (workers.count < 1 || workers.count > kMostWorkers) {
    throw InvalidArgument(
        fmt::format("--workers takes 1 to {}, not {}", kMostWorkers, workers.count));
  }
  const TrialStore store(folder, plan);
  const auto count = static_cast<std::size_t>(workers.count);
  UnitQueue queue(plan, store, folder, unit_size(plan, workers.side_by_side, count));
  print_plan(plan, queue.trials_done(), folder);
  print("in {} programs side by side\n", workers.count);
  flush_output();
  const int threads =
      workers.threads > 0 ? workers.threads : std::max(machine_info().cores / workers.count, 1);
  std::vector<UnitProgram> programs;
  programs.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    programs.emplace_back(
        kThisProgram,
        std::vector<std::string>{
            "saltus", "sweep", "--config", (folder / kSweepFile).string(), "--out", folder.string(),
            "--serve", "--threads", fmt::to_string(threads), "--concurrent",
            fmt::to_string(workers.side_by_side), "--save", std::string(to_string(workers.save))},
        workers.devices.empty() ? std::string() : workers.devices[i % workers.devices.size()], 1);
  }
  return train_units(plan, queue, std::move(programs), {.most_starts = kMostStarts});
}

}  // namespace saltus::app
