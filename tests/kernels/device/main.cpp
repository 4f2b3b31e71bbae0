// The program of the kernels' tests: on a GPU, or on CUDA's emulation in one of its modes.
//
//   saltus_kernel_tests_MODE [--executor emulated|gpu] [--order forward|reverse|shuffle:SEED]
//                            [--streams eager|lazy|shuffle:SEED] [--architecture N]
//                            [--stride N] [googletest's options]
//
// --architecture: which compute capability is emulated, 86 by default: 90 has more shared memory.
// --stride: of the walk through the floats (tests/kernels/walk).
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>

#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include "tests/kernels/device/mode.h"
#include "tests/kernels/walk/walk.h"

#if defined(SALTUS_EMULATED_CUDA)
#include <emulation/control.h>
#endif

namespace saltus::test {
namespace {

#if defined(SALTUS_EMULATED_CUDA)
constexpr bool kEmulated = true;
#else
constexpr bool kEmulated = false;
#endif

struct Options {
  std::string executor = kEmulated ? "emulated" : "gpu";
  std::string order = "forward";
  std::string streams = "eager";
  std::string architecture = "86";
  std::string stride = "";
};

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    std::string* value = word == "--executor"       ? &options.executor
                         : word == "--order"        ? &options.order
                         : word == "--streams"      ? &options.streams
                         : word == "--architecture" ? &options.architecture
                         : word == "--stride"       ? &options.stride
                                                    : nullptr;
    if (value == nullptr) throw std::runtime_error("unknown option " + word);
    if (i + 1 == count) throw std::runtime_error(word + " needs a value");
    *value = words[++i];
  }
  if (options.executor != "emulated" && options.executor != "gpu")
    throw std::runtime_error("--executor: emulated or gpu, not " + options.executor);
  if (kEmulated && options.executor == "gpu")
    throw std::runtime_error("this program emulates; saltus_kernel_tests_gpu runs on a GPU");
  if (!kEmulated && options.executor == "emulated")
    throw std::runtime_error(
        "this program needs a GPU; saltus_kernel_tests_plain, _asan and _checked emulate one");
  if (!options.stride.empty()) {
    const unsigned long stride = std::stoul(options.stride);
    if (stride % 2 == 0 || stride > 0xffffffffUL)
      throw std::runtime_error("--stride: an odd number below 2^32, not " + options.stride);
    set_walk_stride(static_cast<std::uint32_t>(stride));
  }
  return options;
}

#if defined(SALTUS_EMULATED_CUDA)

/// Of "NAME" or "shuffle:SEED".
template <class Choice>
Choice choice_of(const std::string& option, const std::string& text,
                 const std::map<std::string, typename Choice::Kind>& kinds) {
  if (const auto found = kinds.find(text); found != kinds.end()) return {found->second, 0};
  if (text.rfind("shuffle:", 0) == 0) return {Choice::Kind::shuffle, std::stoull(text.substr(8))};
  std::string names;
  for (const auto& [name, kind] : kinds) names += name + ", ";
  throw std::runtime_error(option + ": " + names + "or shuffle:SEED, not " + text);
}

/// A test that broke the device leaves the next one a whole one.
class Mend : public testing::EmptyTestEventListener {
  void OnTestEnd(const testing::TestInfo&) override { emulation::reset_errors(); }
};

/// What is wrong beside the tests' results.
int complaints() {
  int count = 0;
  for (const std::string& leak : emulation::leaks()) {
    std::printf("device memory was not freed: %s\n", leak.c_str());
    ++count;
  }
  if (testing::GTEST_FLAG(filter) != "*" || testing::GTEST_FLAG(list_tests)) return count;
  for (const emulation::Kernel& kernel : emulation::kernels()) {
    if (kernel.launches != 0) continue;
    std::printf("no test launches the kernel %s\n", kernel.name.c_str());
    ++count;
  }
  return count;
}

int run(const Options& options) {
  using emulation::Order;
  using emulation::Streams;
  emulation::set_order(
      choice_of<Order>("--order", options.order,
                       {{"forward", Order::Kind::forward}, {"reverse", Order::Kind::reverse}}));
  emulation::set_streams(
      choice_of<Streams>("--streams", options.streams,
                         {{"eager", Streams::Kind::eager}, {"lazy", Streams::Kind::lazy}}));
  emulation::set_platform({.compute_capability = std::stoi(options.architecture)});
  testing::UnitTest::GetInstance()->listeners().Append(new Mend);
  const int failed = RUN_ALL_TESTS();
  const int complained = complaints();
  std::printf("%zu kernels, %d tests, mode %s, order %s, streams %s\n", emulation::kernels().size(),
              testing::UnitTest::GetInstance()->test_to_run_count(), kMode, options.order.c_str(),
              options.streams.c_str());
  return failed != 0 || complained != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

#else

int run(const Options&) {
  int devices = 0;
  const cudaError_t error = cudaGetDeviceCount(&devices);
  if (error != cudaSuccess || devices == 0) {
    std::printf("skipped: no GPU to run on (%s)\n", cudaGetErrorString(error));
    return EXIT_SUCCESS;
  }
  return RUN_ALL_TESTS();
}

#endif

}  // namespace
}  // namespace saltus::test

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  try {
    return saltus::test::run(saltus::test::parse(argc, argv));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
