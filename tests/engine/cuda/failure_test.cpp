// Every call of CUDA fails once: a clear error, no crash, nothing kept.
#include <emulation/control.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/cuda/handles.h"
#include "tests/engine/cuda/crew.h"
#include "train/trainer.h"

namespace saltus::tests {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;

/// A layer each of the kinds that keep tables, statistics or workspace.
Graph tiny_network() {
  Graph graph({3, 3, 1});
  graph.add(layers::Conv2D{.filters = 2, .kernel_size = {2, 2}});
  graph.add(layers::PReLU{.shared_axes = {1, 2}});
  graph.add(layers::BatchNormalization{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 2});
  graph.add(layers::Softmax{});
  return graph;
}

/// Everything that an executable can be asked for.
void run_all(Precision precision) {
  const std::vector<float> inputs(27, 0.5F);
  const std::vector<std::int32_t> classes = {0, 1, 1};
  const Samples samples{.count = 3, .inputs = inputs, .targets = classes};
  const Graph graph = tiny_network();
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, losses::CategoricalCrossentropy{}, precision));
  const auto executable = backend::cuda().compile(
      plan, {train::trial_of({graph, Adam{}, 1}), train::trial_of({graph, SGD{}, 2})},
      {.batch_size = 1, .stop_on_nonfinite = true});
  executable->write_weight(0, 0, std::vector<float>(8, 0.25F));
  for (const backend::Split split : {backend::Split::train, backend::Split::validation}) {
    executable->bind(split, samples);
  }
  executable->train(0, 0, 2, 2, true);
  executable->evaluate(backend::Split::validation, 2);
  EXPECT_EQ(executable->take_sums(0, backend::Split::train).size(), 2U);
  executable->set_learning_rate(0, 0.5);
  executable->set_active(0, false);
  executable->set_active(0, true);
  executable->train(1, 0, 2, 2, true);
  EXPECT_EQ(executable->non_finite(1), nullptr);
  EXPECT_EQ(executable->predict(1, backend::Split::train, 2).size(), 6U);
  std::vector<float> values(8);
  executable->read_weight(1, 0, values);
  executable->read_gradient(1, 0, values);
}

/// Calls whose failure nobody can do anything about: what they give back is given back.
std::uint64_t quiet_calls(const std::map<std::string, std::uint64_t>& calls) {
  std::uint64_t count = 1;  // the wait before everything is given back
  for (const auto& [name, times] : calls) {
    if (name.ends_with("Destroy") || name.starts_with("cudaFree")) count += times;
  }
  return count;
}

class CudaFailure : public testing::TestWithParam<Precision> {};

INSTANTIATE_TEST_SUITE_P(All, CudaFailure, testing::Values(Precision::fp32, Precision::bf16),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(CudaFailure, OfAnyCallIsAnErrorThatNamesIt) {
  const std::vector<std::string> held = emulation::leaks();
  emulation::reset_calls();
  run_all(GetParam());
  const std::map<std::string, std::uint64_t> calls = emulation::calls();
  std::uint64_t total = 0;
  for (const auto& [name, times] : calls) total += times;
  ASSERT_EQ(emulation::leaks(), held);

  std::uint64_t silent = 0;
  for (std::uint64_t number = 1; number <= total; ++number) {
    SCOPED_TRACE(number);
    emulation::reset_calls();
    // Some calls know what to say of this one; a run starts each of them in both ways.
    emulation::fail_call(number, number % 2 == 0 ? cudaErrorMemoryAllocation : cudaErrorUnknown);
    try {
      run_all(GetParam());
      ++silent;
    } catch (const DeviceError& error) {
      EXPECT_THAT(error.what(), ContainsRegex("cuda[A-Z]"));
      EXPECT_EQ(cudaPeekAtLastError(), cudaSuccess) << "or the next launch would report it again";
    }
    emulation::reset_calls();
    emulation::reset_errors();
    ASSERT_EQ(emulation::leaks(), held);
  }
  EXPECT_EQ(silent, quiet_calls(calls)) << "of " << total;
}

TEST(CudaFailureInTheMiddle, LeavesAnExecutableThatCanBeAskedAgain) {
  const Images images;
  train::Trainer trainer(backend::cuda(), {six_entries()[0]}, compile_options());
  trainer.fit(images.samples(), fit_options(images, 1), {});
  const std::vector<float> before = all_weights(trainer, 0);
  // In the middle of what a fit() captures, and of what it launches.
  for (const std::uint64_t number : {40U, 12U}) {
    const Images more(2, 40 + number);
    emulation::fail_call(number, cudaErrorUnknown);
    EXPECT_THROW(trainer.fit(more.samples(), fit_options(more, 1), {}), DeviceError) << number;
    emulation::fail_call(0, cudaSuccess);
    EXPECT_EQ(all_weights(trainer, 0), before) << number;
  }
  EXPECT_EQ(trainer.fit(images.samples(), fit_options(images, 1), {})[0].epoch.size(), 1U);
}

TEST(CudaFailureInTheMiddle, WaitsForWhatWasPutIntoTheStream) {
  emulation::set_streams({emulation::Streams::Kind::lazy});
  const cuda::Stream stream = cuda::make_stream();
  const cuda::DeviceMemory memory = cuda::allocate(sizeof(int), "a number");
  auto* const place = static_cast<int*>(memory.get());
  const int sent = 7;
  int received = 0;
  const auto fail = [&] {
    cuda::copy(place, &sent, 1, cudaMemcpyHostToDevice, stream.get());
    cuda::copy(&received, place, 1, cudaMemcpyDeviceToHost, stream.get());
    EXPECT_EQ(received, 0);
    throw DeviceError("half-way");
  };
  EXPECT_THROW(cuda::complete(stream.get(), fail), DeviceError);
  EXPECT_EQ(received, 7) << "the numbers may go once the error is thrown";
  emulation::set_streams({});
}

}  // namespace
}  // namespace saltus::tests
