#include "report.h"

#include <algorithm>
#include <cstdio>

#include <saltus/kernels/device/check.h>

namespace saltus::bench {

nlohmann::json describe_device() {
  cudaDeviceProp properties = {};
  int driver = 0;
  int runtime = 0;
  SALTUS_CHECK(cudaGetDeviceProperties(&properties, 0));
  SALTUS_CHECK(cudaDriverGetVersion(&driver));
  SALTUS_CHECK(cudaRuntimeGetVersion(&runtime));
  const auto version = [](int number) {
    return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
  };
  return {{"name", properties.name},
          {"compute_capability",
           std::to_string(properties.major) + "." + std::to_string(properties.minor)},
          {"multiprocessors", properties.multiProcessorCount},
          {"l2_bytes", properties.l2CacheSize},
          {"memory_bytes", properties.totalGlobalMem},
          {"cuda_of_driver", version(driver)},
          {"cuda_of_program", version(runtime)}};
}

nlohmann::json to_json(const Entry& entry, const std::vector<Result>& results) {
  nlohmann::json contestants = nlohmann::json::array();
  for (const Result& result : results) {
    nlohmann::json one = {{"name", result.name}, {"note", result.note}};
    if (!result.seconds.empty()) {
      one["seconds"] = result.seconds;
      one["median"] = result.median();
      one["repeats"] = result.repeats;
    }
    contestants.push_back(std::move(one));
  }
  return {{"name", entry.name}, {"kind", entry.kind},   {"trials", entry.trials},
          {"flop", entry.flop}, {"bytes", entry.bytes}, {"contestants", std::move(contestants)}};
}

void print_heading(const nlohmann::json& device) {
  std::printf("%s, CUDA %s, driver for CUDA %s\n", device["name"].get<std::string>().c_str(),
              device["cuda_of_program"].get<std::string>().c_str(),
              device["cuda_of_driver"].get<std::string>().c_str());
  std::printf("%-28s %-5s %6s  %-16s %10s %10s %9s %9s  %s\n", "computation", "kind", "trials",
              "by", "us", "range", "TFLOP/s", "GB/s", "note");
}

void print_lines(const nlohmann::json& entry) {
  for (const nlohmann::json& one : entry["contestants"]) {
    std::printf("%-28s %-5s %6d  %-16s ", entry["name"].get<std::string>().c_str(),
                entry["kind"].get<std::string>().c_str(), entry["trials"].get<int>(),
                one["name"].get<std::string>().c_str());
    if (one.contains("median")) {
      const double median = one["median"];
      const std::vector<double> all = one["seconds"];
      const auto [low, high] = std::minmax_element(all.begin(), all.end());
      std::printf("%10.2f %9.1f%% %9.2f %9.1f", median * 1e6, (*high - *low) / median * 100,
                  entry["flop"].get<double>() / median / 1e12,
                  entry["bytes"].get<double>() / median / 1e9);
    } else {
      std::printf("%10s %10s %9s %9s", "left out", "", "", "");
    }
    std::printf("  %s\n", one["note"].get<std::string>().c_str());
  }
  std::fflush(stdout);
}

}  // namespace saltus::bench
