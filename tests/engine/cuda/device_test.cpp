// What the machine has to have: a driver, a device, memory.
#include <cuda_runtime_api.h>
#include <emulation/control.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/cuda/compiled.h"
#include "backend/select.h"
#include "tests/engine/cuda/crew.h"
#include "tests/engine/error_of.h"
#include "train/trainer.h"

namespace saltus::tests {
namespace {

const std::vector<Optimizer> kOptimizers = {SGD{}, Adam{}};
constexpr int kMoments = 2;  // Adam's

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

TEST(CudaSelect, TakesTheGpuWhereThereIsOne) {
  EXPECT_EQ(backend::select(Device::automatic).name(), "cuda");
  EXPECT_EQ(backend::select(Device::cuda).name(), "cuda");
  EXPECT_EQ(backend::select(Device::cpu).name(), "cpu");
}

TEST(CudaSelect, SaysWhatIsMissing) {
  const auto obstacle_on = [](const Platform& platform) {
    const WithPlatform machine(platform);
    EXPECT_EQ(backend::select(Device::automatic).name(), "cpu");
    return error_of<DeviceError>([] { backend::select(Device::cuda); });
  };
  EXPECT_THAT(obstacle_on({.driver_version = 0}), HasSubstr("needs an NVIDIA driver"));
  EXPECT_THAT(obstacle_on({.driver_version = 12040}),
              AllOf(HasSubstr("supports CUDA 12.4"), HasSubstr("needs CUDA 13.0")));
  EXPECT_THAT(obstacle_on({.devices = 0}), HasSubstr("no CUDA device"));
  EXPECT_THAT(obstacle_on({.compute_capability = 75}),
              AllOf(HasSubstr("compute capability 7.5"), HasSubstr("8.0 and later")));
  EXPECT_EQ(obstacle_on({.compute_capability = 75}).find('\n'), std::string::npos);
  const WithPlatform oldest({.compute_capability = 80});
  EXPECT_EQ(backend::cuda_obstacle(), "");
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
  options.loss = losses::MeanSquaredError{};
  options.metrics = {};
  emulation::reset_calls();
  const std::string error = error_of<DeviceError>([&] {
    train::Trainer(backend::cuda(), {{graph, Adam{}, 0}, {graph, Adam{}, 1}}, options);
  });
  // Weights, two moments and gradients of 266 thousand parameters; room for a larger batch comes
  // later.
  EXPECT_THAT(error, AllOf(HasSubstr("2 trials with batches of 1 "), HasSubstr(" are free"),
                           HasSubstr("wide/kernel with 1048576 bytes")));
  EXPECT_EQ(emulation::calls()["cudaLaunchKernel"], 0U);
}

TEST(CudaMemory, SamplesThatDoNotFitAreNamed) {
  train::Trainer trainer(backend::cuda(), {six_entries()[0]}, compile_options());
  const Images many(1, 3000);
  const Images few;
  const WithCapacity little(100 << 10);
  const auto fit = [&](const Images& images) {
    return trainer.fit(images.samples(), fit_options(images, 1), {})[0].epoch.size();
  };
  EXPECT_THAT(error_of<DeviceError>([&] { fit(many); }),
              AllOf(HasSubstr("no room for the samples"), HasSubstr("192000 bytes")));
  EXPECT_EQ(fit(few), 1U) << "the error is not reported again";
}

TEST(CudaMemory, RowsCountInTheLargestArray) {
  const WithCapacity little(1 << 20);
  Graph graph({64});
  graph.add(layers::Dense{.units = 100}, "wide");
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32));
  EXPECT_THAT(
      error_of<DeviceError>([&] {
        backend::cuda().compile(plan, {train::trial_of({graph, SGD{}, 1})}, {.batch_size = 4096});
      }),
      AllOf(HasSubstr("1 trial with batches of 4096 "),
            HasSubstr("the largest array is wide with 1638400 bytes a trial")));
}

TEST(CudaMemory, SufficesToTheByte) {
  Graph graph({4});
  graph.add(layers::Dense{.units = 3});
  const plan::Plan plan = plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32);
  const cuda::Compiled compiled(plan, 2, {}, 16);  // Adam has two
  const cuda::Layout& layout = compiled.layout();
  constexpr std::int64_t kHeld = 1000;
  const auto require = [&](std::int64_t bytes) {
    const WithCapacity memory(static_cast<std::size_t>(bytes));
    cuda::require_memory(layout, 3, kHeld, compiled.programs());
  };
  const std::int64_t enough = layout.bytes_of(3) - kHeld;
  EXPECT_NO_THROW(require(enough));
  EXPECT_THAT(error_of<DeviceError>([&] { require(enough - 1); }),
              HasSubstr("but " + std::to_string(enough - 1 + kHeld) + " are free"));
}

/// What an executable holds counts as free where it goes back or is kept.
TEST(CudaMemory, GrowsByWhatIsNewAlone) {
  Graph graph({256});
  graph.add(layers::Dense{.units = 1024});
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32));
  const auto executable =
      backend::cuda().compile(plan, {train::trial_of({graph, Adam{}, 1})}, {.batch_size = 1});
  const std::vector<std::uint8_t> bytes(16 * 256);
  executable->bind(backend::Split::train,
                   {.count = 16, .inputs = bytes, .targets = std::span<const float>()});
  std::size_t free = 0;
  std::size_t total = 0;
  SALTUS_CHECK(cudaMemGetInfo(&free, &total));
  // Weights and moments of 263 thousand parameters stay; gradients as large go back, and come again
  // with 16 rows of two thousand numbers.
  const WithCapacity little(total - free + (512 << 10));
  EXPECT_EQ(executable->predict(0, backend::Split::train, 16).size(), 16U * 1024);
}

/// A dense layer, and samples for it.
struct Workload {
  plan::Plan plan;
  std::vector<std::uint8_t> bytes;
  Samples samples;

  Workload(std::int64_t units, std::int64_t count) : bytes(static_cast<std::size_t>(64 * count)) {
    Graph graph({64});
    graph.add(layers::Dense{.units = units});
    plan = plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32);
    samples = {.count = count, .inputs = bytes, .targets = std::span<const float>()};
  }
  int side_by_side(std::int64_t batch_size = 16, bool averages = false) const {
    return backend::cuda().side_by_side(plan, kOptimizers, averages, {.batch_size = batch_size},
                                        samples, samples);
  }
  /// Bytes of a trial on the device.
  std::int64_t of_trial() const {
    const cuda::Layout layout = cuda::Compiled(plan, kMoments, {}, 16).layout();
    return layout.state_bytes + layout.scratch_bytes;
  }
};

TEST(CudaSideBySide, FillsTheMemory) {
  const Workload work(8192, 16);
  const std::int64_t of_trial = work.of_trial();
  EXPECT_GT(of_trial, 8 << 20) << "weights, gradients, two moments";
  const auto with = [&](std::int64_t trials) {
    const WithCapacity memory(static_cast<std::size_t>(of_trial * trials));
    return work.side_by_side();
  };
  EXPECT_EQ(with(1), 1) << "one at the least";
  EXPECT_EQ(with(20), 17) << "a tenth is left, and a trial's room for graphs and sums";
  EXPECT_EQ(with(2000), 1799) << "whatever a cache holds";
  EXPECT_EQ(with(200'000), 65535) << "blockIdx.z counts no further";
}

TEST(CudaSideBySide, CountsTheAveragesOfWeights) {
  const Workload work(8192, 16);
  const cuda::Layout without = cuda::Compiled(work.plan, kMoments, {}, 16).layout();
  const cuda::Layout with = cuda::Compiled(work.plan, kMoments, {.averages = true}, 16).layout();
  EXPECT_EQ(with.state_bytes - without.state_bytes,
            work.plan.parameter_count * std::int64_t{sizeof(float)});
  const WithCapacity memory(static_cast<std::size_t>(work.of_trial() * 20));
  EXPECT_EQ(work.side_by_side(16, false), 17);
  EXPECT_EQ(work.side_by_side(16, true), 14) << "six arrays of a trial's weights in place of five";
}

TEST(CudaSideBySide, CountsSamplesAndGraphs) {
  constexpr std::int64_t kCapacity = std::int64_t{1} << 30;
  const WithCapacity memory(kCapacity);
  for (const std::int64_t batches : {1, 500}) {
    const Workload work(64, 16 * batches);
    const cuda::Compiled compiled(work.plan, kMoments, {}, 16);
    // Of 500 batches, one graph has 64 and the other the last 52.
    const std::int64_t captured = batches == 500 ? 64 + 52 : batches;
    const std::int64_t launches = captured * (std::ssize(compiled.launches(plan::Mode::train)) +
                                              std::ssize(compiled.launches(plan::Mode::evaluate)));
    const std::int64_t samples = 2 * 64 * 16 * batches;
    const std::int64_t sums = 2 * batches * std::int64_t{sizeof(kernels::BatchSums)};
    EXPECT_EQ(work.side_by_side(),
              (kCapacity / 10 * 9 - samples - launches * (32 << 10)) / (work.of_trial() + sums))
        << batches;
  }
}

TEST(CudaSideBySide, HasNoMoreRowsThanThereAreSamples) {
  const WithCapacity memory(std::size_t{16} << 20);
  const Workload work(512, 4);
  const int count = work.side_by_side(4);
  EXPECT_GT(count, 5);
  EXPECT_EQ(work.side_by_side(1 << 20), count);
}

TEST(CudaSideBySide, FitsWhatItSays) {
  const Workload work(512, 16);
  const WithCapacity memory(std::size_t{8} << 20);
  const int count = work.side_by_side();
  EXPECT_GT(count, 5);
  const auto train = [&](int trials) {
    backend::Trial trial;
    std::vector<backend::Trial> all(static_cast<std::size_t>(trials), trial);
    const auto executable = backend::cuda().compile(std::make_shared<const plan::Plan>(work.plan),
                                                    std::move(all), {.batch_size = 16});
    const std::vector<float> targets(16 * 512);
    const Samples samples = {.count = 16, .inputs = work.bytes, .targets = targets};
    executable->bind(backend::Split::train, samples);
    executable->train(0, 0, 1, 16, false);
    return executable->take_sums(0, backend::Split::train).size();
  };
  EXPECT_EQ(train(count), 1U);
  EXPECT_THROW(train(count * 3 / 2), DeviceError);
}

}  // namespace
}  // namespace saltus::tests
