// Counts what each launch of the tutorial's training step does, on CUDA's emulation: a line of CSV
// for each.
//
//   kernel_step tf32,6,90...    six trials with batches of 128, on compute capability 9.0
//
// Every count is taken of few blocks and of twice as many, and grows with the blocks as from the
// one to the other: what all blocks read, such as weights, then counts once for a trial.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include <emulation/control.h>
#include <emulation/traffic.h>

#include <saltus/kernels/device/check.h>
#include <saltus/kernels/device/host_mma.h>

#include "apps/bench/gpu/training_step.h"
#include "tests/emulated/evaluate.h"
#include "tests/kernels/device/device_array.h"

namespace saltus::test {
namespace {

using emulation::LaunchTraffic;

constexpr int kRows = 128;
constexpr int kMultiprocessors = 132;  // of an H100 and an H200
// Blocks with shared memory multiply, those with much of it whole images, and take long here.
constexpr std::size_t kMuchShared = 64 * 1024;

/// What is counted of a launch; prints as the heading of its column.
constexpr std::array kColumns = {"mma",           "loads",  "load_sectors", "stores",
                                 "store_sectors", "shared", "wavefronts",   "least_wavefronts",
                                 "values",        "slopes", "bytes"};
using Counts = std::array<double, kColumns.size()>;

Counts counts_of(const LaunchTraffic& launch) {
  const auto tally = [&](const void* what) {
    const auto found = launch.tallies.find(what);
    return found == launch.tallies.end() ? 0 : found->second;
  };
  const auto lanes_of = [&](auto function) {
    return tally(reinterpret_cast<const void*>(function));
  };
  namespace host = kernels::host;
  const std::uint64_t lanes = lanes_of(host::multiply_warp<host::Tf32Product>) +
                              lanes_of(host::multiply_warp<host::Bf16Product>);
  const auto& [loads, stores, shared] = launch.total;
  const std::array<std::uint64_t, kColumns.size()> counted = {
      lanes / 32,
      loads.count,
      loads.parts,
      stores.count,
      stores.parts,
      shared.count,
      shared.parts,
      shared.least_parts,
      tally(&kernels::kValues),
      tally(&kernels::kSlopes),
      launch.bytes_loaded + launch.bytes_stored};
  Counts counts;
  std::copy(counted.begin(), counted.end(), counts.begin());
  return counts;
}

/// The launches of a computation, of at most so many blocks each.
std::vector<LaunchTraffic> run(const cuda::StepLaunch& step, std::uint64_t blocks) {
  emulation::set_sample(blocks);
  emulation::take_traffic();
  step.start(stream());
  SALTUS_CHECK(cudaStreamSynchronize(stream()));
  emulation::set_sample(0);
  return emulation::take_traffic();
}

/// Of all blocks, from the counts of few and of twice as many in the first plane.
Counts of_all(const LaunchTraffic& launch, const Counts& few, const Counts& twice, double sample) {
  const double plane = static_cast<double>(launch.grid.x) * launch.grid.y;
  Counts all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const double one_more = (twice[i] - few[i]) / sample;
    const double of_plane =
        plane <= sample ? few[i] : twice[i] + one_more * (plane - std::min(plane, 2 * sample));
    all[i] = of_plane * launch.grid.z;
  }
  return all;
}

void print(const std::string& setting, std::size_t number, const cuda::StepLaunch& step,
           const LaunchTraffic& launch, const Counts& counts) {
  const auto product = [](dim3 size) { return std::uint64_t{size.x} * size.y * size.z; };
  std::printf("%s,%zu,%s,\"%s\",%llu,%llu,%zu", setting.c_str(), number + 1, step.step.data(),
              launch.kernel.c_str(), product(launch.grid) + 0ULL, product(launch.block) + 0ULL,
              launch.dynamic_bytes);
  for (const double count : counts) std::printf(",%.0f", count);
  std::printf("\n");
}

/// Throws where a trial has stopped since the step's first computation was counted: launches do
/// nothing for it.
void expect_active(const cuda::StepLaunch& first, const LaunchTraffic& counted) {
  if (run(first, 1).front().total.loads.count != counted.total.loads.count)
    throw std::runtime_error("a trial stopped, for a number was not finite");
}

/// The launches of a step on a device with this compute capability: with 8.6, which has too little
/// shared memory for the fused convolutions, they are those of single layers.
void count_step(Precision precision, int trials, int compute_capability) {
  emulation::set_platform(
      {.compute_capability = compute_capability, .multiprocessors = kMultiprocessors});
  const bench::TrainingStep training(bench::tutorial_plan(precision), trials, kRows);
  const std::string setting = std::string(to_string(precision)) + "," + std::to_string(trials) +
                              "," + std::to_string(compute_capability);
  LaunchTraffic first;
  for (std::size_t i = 0; i < training.launches().size(); ++i) {
    const cuda::StepLaunch& step = training.launches()[i];
    const std::vector<LaunchTraffic> one = run(step, 1);
    if (i == 0) first = one.front();
    std::size_t shared = 0;
    for (const LaunchTraffic& launch : one) shared = std::max(shared, launch.dynamic_bytes);
    const std::uint64_t sample = shared == 0 ? 8 : shared < kMuchShared ? 2 : 1;
    const std::vector<LaunchTraffic> few = sample == 1 ? one : run(step, sample);
    const std::vector<LaunchTraffic> twice = run(step, 2 * sample);
    for (std::size_t j = 0; j < few.size(); ++j)
      print(setting, i, step, few[j],
            of_all(few[j], counts_of(few[j]), counts_of(twice[j]), static_cast<double>(sample)));
  }
  expect_active(training.launches().front(), first);
}

/// "tf32,6,90": precision, trials, compute capability
void count_setting(const std::string& setting) {
  const std::size_t first = setting.find(',');
  const std::size_t second = setting.find(',', first + 1);
  if (second == std::string::npos) throw std::invalid_argument("no setting: " + setting);
  count_step(parse_precision(setting.substr(0, first)),
             std::stoi(setting.substr(first + 1, second - first - 1)),
             std::stoi(setting.substr(second + 1)));
}

void run_all(const std::vector<std::string>& settings) {
  emulation::set_fill(0);  // not all blocks write: where no step finds a NaN, it stops no trial
  emulation::set_capacity(std::size_t{16} << 30);
  std::printf("precision,trials,architecture,number,step,kernel,blocks,threads,dynamic_bytes");
  for (const char* column : kColumns) std::printf(",%s", column);
  std::printf("\n");
  for (const std::string& setting : settings) count_setting(setting);
}

}  // namespace
}  // namespace saltus::test

int main(int count, char** words) {
  try {
    saltus::test::run_all({words + 1, words + count});
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), saltus::emulation::last_fault().c_str());
    return 2;
  }
}
