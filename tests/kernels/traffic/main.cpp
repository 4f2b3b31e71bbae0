// Counts what every kernel asks of memory, on CUDA's emulation.
//
//   kernel_traffic            a line of CSV for each launch
//   kernel_traffic STEP       for the steps whose names begin so, also the places in the source
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <set>
#include <stdexcept>

#include <emulation/code_place.h>
#include <emulation/control.h>
#include <emulation/traffic.h>

#include <saltus/kernels/activations.h>

#include "tests/kernels/traffic/step.h"

namespace saltus::test {
namespace {

using emulation::LaunchTraffic;
using emulation::Requests;
using emulation::Traffic;

using MakeSteps = std::vector<Step> (*)();

/// By file.
std::vector<MakeSteps>& all_files() {
  static std::vector<MakeSteps> files;
  return files;
}

std::vector<Step> all_steps() {
  std::vector<Step> all;
  for (const MakeSteps make : all_files()) {
    const std::vector<Step> steps = make();
    all.insert(all.end(), steps.begin(), steps.end());
  }
  return all;
}

/// saltus::kernels::{anonymous}::sum_kernel<float> -> sum_kernel
std::string short_name(std::string name) {
  name = name.substr(0, name.find('<'));
  return name.substr(name.rfind(':') + 1);
}

/// The launches of a step, for one trial with a dropout of 1/4 and a rectifier.
std::vector<LaunchTraffic> count(const Step& step) {
  kernels::ActivationRef activation;
  activation.id = kernels::kActivationId<kernels::Relu>;
  const TrialTable table({.rows = step.rows,
                          .activations = {activation},
                          .dropouts = {{.threshold = 1u << 14, .scale = 4.0f / 3}}});
  emulation::take_traffic();
  step.run(table.context());
  SALTUS_CHECK(cudaStreamSynchronize(stream()));
  std::vector<LaunchTraffic> launches = emulation::take_traffic();
  if (launches.size() != step.flops.size())
    throw std::runtime_error(step.name + " launches " + std::to_string(launches.size()) +
                             " kernels and says the flops of " + std::to_string(step.flops.size()));
  return launches;
}

void print(const Requests& requests) {
  std::printf(",%llu,%llu,%llu", requests.count + 0ULL, requests.parts + 0ULL,
              requests.least_parts + 0ULL);
}

void print(const Step& step, double flops, const LaunchTraffic& launch) {
  std::printf("\"%s\",%s,%s,%d,%.0f,%llu", step.name.c_str(), short_name(launch.kernel).c_str(),
              step.shape.c_str(), step.rows, flops,
              launch.bytes_loaded + launch.bytes_stored + 0ULL);
  for (const Requests* requests : {&launch.total.loads, &launch.total.stores, &launch.total.shared})
    print(*requests);
  std::printf("\n");
}

void print_places(const LaunchTraffic& launch) {
  std::map<std::string, Traffic> places;
  for (const emulation::PlaceTraffic& place : launch.places)
    places[emulation::place_of_code(place.code).data()] += place.traffic;
  for (const auto& [place, traffic] : places) {
    std::printf("  %-28s", place.c_str());
    for (const Requests* requests : {&traffic.loads, &traffic.stores, &traffic.shared})
      print(*requests);
    std::printf("\n");
  }
}

/// Kernels that no step launches, whatever the types of their elements.
int complain_of_missing() {
  std::map<std::string, std::uint64_t> launches;
  for (const emulation::Kernel& kernel : emulation::kernels())
    launches[kernel.name.substr(0, kernel.name.find('<'))] += kernel.launches;
  int missing = 0;
  for (const auto& [kernel, count] : launches) {
    if (count != 0) continue;
    std::fprintf(stderr, "no step launches the kernel %s\n", kernel.c_str());
    ++missing;
  }
  return missing;
}

int run(const std::string& wanted) {
  emulation::set_platform({.compute_capability = 90});  // with the most shared memory
  std::printf(
      "step,kernel,shape,rows,flops,bytes,loads,load_sectors,least_load_sectors,stores,"
      "store_sectors,least_store_sectors,shared,wavefronts,least_wavefronts\n");
  for (const Step& step : all_steps()) {
    if (step.name.rfind(wanted, 0) != 0) continue;
    const std::vector<LaunchTraffic> launches = count(step);
    for (std::size_t i = 0; i < launches.size(); ++i) {
      print(step, step.flops[i], launches[i]);
      if (!wanted.empty()) print_places(launches[i]);
    }
  }
  return wanted.empty() && complain_of_missing() != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace

AddSteps::AddSteps(MakeSteps make) {
  all_files().push_back(make);
}

}  // namespace saltus::test

int main(int count, char** words) {
  try {
    return saltus::test::run(count > 1 ? words[1] : "");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n%s\n", error.what(), saltus::emulation::last_fault().c_str());
    return 2;
  }
}
