// What is too large for any GPU, and is refused before anything runs.
#include <emulation/control.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/cuda/cuda.h"
#include "backend/cuda/dataset.h"

namespace saltus::tests {
namespace {

using testing::HasSubstr;

/// What the backend says to trials of a network with batches of so many rows.
std::string refusal(const Graph& graph, std::int64_t batch_size, std::size_t trials = 1) {
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, losses::MeanSquaredError{}, Precision::tf32));
  emulation::reset_calls();
  std::string said = "nothing";
  try {
    backend::cuda().compile(plan, std::vector<backend::Trial>(trials), {.batch_size = batch_size});
  } catch (const Error& error) {
    said = error.what();
  }
  EXPECT_EQ(emulation::calls()["cudaLaunchKernel"], 0U);
  return said;
}

Graph pooled(std::int64_t extent) {
  Graph graph({extent, extent, 1});
  graph.add(layers::MaxPooling2D{});
  return graph;
}

Graph averaged(std::int64_t extent) {
  Graph graph({extent, extent, 1});
  graph.add(layers::AveragePooling2D{});
  return graph;
}

Graph convolved(std::int64_t extent, std::int64_t filters) {
  Graph graph({extent, extent, 1});
  graph.add(layers::Conv2D{.filters = filters});
  return graph;
}

Graph depthwise(std::int64_t extent, std::int64_t multiplier) {
  Graph graph({extent, extent, 1});
  graph.add(layers::DepthwiseConv2D{.depth_multiplier = multiplier});
  return graph;
}

Graph dense(std::int64_t inputs, std::int64_t units) {
  Graph graph({inputs});
  graph.add(layers::Dense{.units = units});
  return graph;
}

TEST(CudaLimits, PixelsOfABatch) {
  for (const Graph& graph :
       {pooled(2048), averaged(2048), convolved(2048, 2), depthwise(2048, 2)}) {
    EXPECT_THAT(refusal(graph, 512), HasSubstr("more than 2^31 pixels at once"));
    EXPECT_THAT(refusal(graph, 511), HasSubstr("bytes of device memory, but"));
  }
}

TEST(CudaLimits, ElementsAndWeights) {
  EXPECT_THAT(refusal(pooled(50'000), 1), HasSubstr("an extent of 2500000000"));
  for (const Graph& graph : {convolved(20'000, 8), depthwise(20'000, 8)}) {
    EXPECT_THAT(refusal(graph, 1), HasSubstr("more than 2^31 elements of one image"));
  }
  EXPECT_THAT(refusal(dense(50'000, 50'000), 128), HasSubstr("more than 2^31 weights"));
  EXPECT_THAT(refusal(dense(40'000, 50'000), 128), HasSubstr("bytes of device memory, but"));
  EXPECT_THAT(refusal(dense(2, std::int64_t{1} << 31), 1), HasSubstr("an extent of 2147483648"));
}

TEST(CudaLimits, RowsAndTrials) {
  EXPECT_THAT(refusal(dense(2, 2), std::int64_t{1} << 31), HasSubstr("an extent of 2147483648"));
  EXPECT_THAT(refusal(dense(1'000'000, 2), 1'000'000'000), HasSubstr("more than 64 TiB"));
  EXPECT_THAT(refusal(dense(2, 2), 1, 65'536), HasSubstr("65536 trials side by side"));
}

TEST(CudaLimits, Samples) {
  cuda::Dataset dataset;
  const cuda::Stream stream = cuda::make_stream();
  const Samples many{.count = std::int64_t{1} << 32, .inputs = {}, .targets = {}};
  try {
    dataset.load(many, stream.get());
    FAIL() << "nothing was thrown";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("4294967296 samples"));
  }
}

}  // namespace
}  // namespace saltus::tests
