// What the machine has to have: a driver, a device, memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/select.h"
#include "tests/emulation/control.h"
#include "tests/engine/cuda/crew.h"

namespace saltus::tests {
namespace {

using emulation::Platform;
using testing::AllOf;
using testing::HasSubstr;

/// Another machine than the emulated one, until the test ends.
class WithPlatform {
 public:
  explicit WithPlatform(const Platform& platform) { emulation::set_platform(platform); }
  ~WithPlatform() {
    emulation::set_platform({});
    emulation::reset_errors();
  }
  WithPlatform(const WithPlatform&) = delete;
  WithPlatform& operator=(const WithPlatform&) = delete;
};

/// Less memory, until the test ends.
class WithCapacity {
 public:
  explicit WithCapacity(std::size_t bytes) { emulation::set_capacity(bytes); }
  ~WithCapacity() { emulation::set_capacity(std::size_t{4} << 30); }
  WithCapacity(const WithCapacity&) = delete;
  WithCapacity& operator=(const WithCapacity&) = delete;
};

/// The message of the DeviceError that `action` throws.
template <typename Action>
std::string error_of(Action action) {
  try {
    action();
  } catch (const DeviceError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(CudaSelect, TakesTheGpuWhereThereIsOne) {
  EXPECT_EQ(backend::select(Device::automatic).name(), "cuda");
  EXPECT_EQ(backend::select(Device::cuda).name(), "cuda");
  EXPECT_EQ(backend::select(Device::cpu).name(), "cpu");
}

TEST(CudaSelect, SaysWhatIsMissing) {
  const auto obstacle_on = [](const Platform& platform) {
    const WithPlatform machine(platform);
    EXPECT_EQ(backend::select(Device::automatic).name(), "cpu");
    return error_of([] { backend::select(Device::cuda); });
  };
  EXPECT_THAT(obstacle_on({.driver_version = 0}), HasSubstr("needs an NVIDIA driver"));
  EXPECT_THAT(obstacle_on({.driver_version = 12040}),
              AllOf(HasSubstr("supports CUDA 12.4"), HasSubstr("needs CUDA 13.0")));
  EXPECT_THAT(obstacle_on({.devices = 0}), HasSubstr("no CUDA device"));
  EXPECT_THAT(obstacle_on({.compute_capability = 75}),
              AllOf(HasSubstr("compute capability 7.5"), HasSubstr("8.0 and later")));
  EXPECT_EQ(obstacle_on({.compute_capability = 75}).find('\n'), std::string::npos);
}

TEST(CudaSelect, SaysWhenCudaDoesNotStart) {
  for (const std::uint64_t call : {1U, 2U, 3U, 4U}) {
    emulation::fail_call(call, cudaErrorInitializationError);
    const std::string obstacle = backend::cuda_obstacle();
    emulation::fail_call(0, cudaSuccess);
    EXPECT_THAT(obstacle, AllOf(HasSubstr("does not work here"), HasSubstr("initialization error")))
        << call;
  }
  EXPECT_EQ(backend::cuda_obstacle(), "");
}

TEST(CudaMemory, TooLittleOfItIsFoundBeforeAnythingRuns) {
  const WithCapacity little(1 << 20);
  Graph graph({256});
  graph.add(layers::Dense{.units = 1024}, "wide");
  graph.add(layers::Dense{.units = 3});
  CompileOptions options = compile_options();
  options.loss = Loss::mean_squared_error;
  options.metrics = {};
  emulation::reset_calls();
  const std::string error = error_of([&] {
    train::Trainer(backend::cuda(), {{graph, Adam{}, 0}, {graph, Adam{}, 1}}, options);
  });
  // Weights, two moments and gradients of 266 thousand parameters, and batches of 128.
  EXPECT_THAT(error, AllOf(HasSubstr("2 trials with batches of 128"), HasSubstr(" are free"),
                           HasSubstr("wide/kernel with 1048576 bytes")));
  EXPECT_EQ(emulation::calls()["cudaLaunchKernel"], 0U);
}

TEST(CudaMemory, SamplesThatDoNotFitAreNamed) {
  train::Trainer trainer(backend::cuda(), {six_entries()[0]}, compile_options());
  const Images images(1, 3000);
  const WithCapacity little(100 << 10);
  EXPECT_THAT(error_of([&] { trainer.fit(images.samples(), fit_options(images), {}); }),
              AllOf(HasSubstr("no room for the samples"), HasSubstr("192000 bytes")));
}

TEST(CudaSideBySide, FillsTheCacheButNotTheMemory) {
  const auto plan_of = [](std::int64_t units) {
    Graph graph({64});
    graph.add(layers::Dense{.units = units});
    return plan::make_plan(graph, Loss::mean_squared_error, Precision::fp32);
  };
  const auto side_by_side = [&](std::int64_t units) {
    return backend::cuda().side_by_side(plan_of(units), {.batch_size = 16});
  };
  // The emulated device has a cache of 1 MiB. Of 64 units, weights and two moments are 50 kB.
  EXPECT_EQ(side_by_side(64), 20);
  EXPECT_EQ(side_by_side(8192), 2) << "6.3 MB do not fit, but two keep the device busy";
  const WithCapacity little(10 << 20);
  EXPECT_EQ(side_by_side(8192), 1) << "a trial takes 9.6 MB";
}

}  // namespace
}  // namespace saltus::tests
