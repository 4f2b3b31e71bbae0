// What passes make of a program, and what both backends' lists come to.
#include "passes/passes.h"

#include <algorithm>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "passes/pipelines.h"
#include "passes_support.h"
#include "tests/reference/examples.h"

namespace saltus::passes {
namespace {

TEST(FuseActivationPool, EvaluatesTheActivationAtThePooledPlaces) {
  Program program = tutorial();
  fuse_activation_pool(program);
  EXPECT_EQ(count(program, "activate_pool"), 1);
  EXPECT_EQ(count(program, "max_pool"), 0);
  EXPECT_EQ(named(program, "activation_1/slope").elements, 12 * 12 * 64);
  const Names steps = names(program);
  const auto spread = std::find(steps.begin(), steps.end(), "max_pool_backward");
  EXPECT_EQ(*(spread - 1), "activate_backward") << "the slope is of pooled values";
  EXPECT_EQ(*(spread + 1), "convolution_backward");
}

TEST(FuseActivationPool, LeavesAnActivationThatIsReadTwice) {
  Graph graph({8, 8, 2});
  graph.add(layers::Conv2D{.filters = 2});
  const NodeId active = graph.add(Activation("relu"));
  const NodeId pooled = graph.add(layers::MaxPooling2D{});
  const NodeId mean = graph.add_to({active}, layers::AveragePooling2D{});
  graph.add_to({pooled, mean}, layers::Add{});
  Program program = regression(graph);
  const Names before = names(program);
  fuse_activation_pool(program);
  EXPECT_EQ(names(program), before);
}

TEST(FuseActivationPool, LeavesASlopeWhoseGradientIsElsewhere) {
  Program program = tutorial();
  const auto spread = std::find_if(
      program.steps.begin(), program.steps.end(),
      [](const auto& step) { return std::holds_alternative<ops::MaxPoolBackward>(step); });
  // A step between the two that the fused one would swap.
  program.steps.insert(spread + 1, ops::LoadInput{program.add_tensor("between", {1})});
  const Names before = names(program);
  fuse_activation_pool(program);
  EXPECT_EQ(names(program), before);
  EXPECT_EQ(named(program, "activation_1/slope").elements, 24 * 24 * 64);
}

TEST(FuseActivationPool, NeedsNoGradient) {
  Graph graph({8, 8, 2});
  graph.add(Activation("relu"));
  graph.add(layers::MaxPooling2D{});
  Program program = regression(graph);
  fuse_activation_pool(program);
  EXPECT_EQ(names(program), (Names{"load_input", "activate_pool", "gemm", "evaluate_loss",
                                   "gemm_backward", "update"}));
}

TEST(DifferentiatePooled, FindsDerivativesWhereMaximaAre) {
  const Graph graph = plan::tutorial("swish:beta=learned");
  Program program = plan::make_plan(graph, losses::BinaryCrossentropy{}, Precision::fp32).train;
  differentiate_pooled(program);
  EXPECT_EQ(named(program, "conv2d_1/pooled").elements, 12 * 12 * 64);
  const Names steps = names(program);
  const auto gather = std::find(steps.begin(), steps.end(), "gather_pooled");
  ASSERT_NE(gather, steps.end());
  EXPECT_EQ(*(gather + 1), "activate_learned_backward");
  EXPECT_EQ(*(gather + 2), "max_pool_backward");
  EXPECT_EQ(count(program, "gather_pooled"), 1);
  fuse_pooled_convolution(program);
  EXPECT_EQ(count(program, "pooled_convolution_backward"), 1);
}

TEST(DifferentiatePooled, NeedsNoGradientBehindIt) {
  Graph graph({8, 8, 2});
  graph.add(Activation("swish:beta=learned"));
  graph.add(layers::MaxPooling2D{});
  Program program = regression(graph);
  differentiate_pooled(program);
  EXPECT_EQ(count(program, "max_pool_backward"), 0);
  EXPECT_EQ(count(program, "activate_learned_backward"), 1);
}

TEST(FusePooledConvolution, GoesStraightIntoTheConvolution) {
  Program program = tutorial();
  fuse_activation_pool(program);
  fuse_pooled_convolution(program);
  EXPECT_EQ(count(program, "max_pool_backward"), 0);
  EXPECT_EQ(count(program, "pooled_convolution_backward"), 1);
  EXPECT_EQ(count(program, "convolution_backward"), 1) << "the first has no pooling";
}

TEST(FusePooledConvolution, LeavesWindowsThatOverlap) {
  Graph graph({8, 8, 2});
  graph.add(layers::Conv2D{.filters = 2});
  graph.add(layers::MaxPooling2D{.pool_size = {3, 3}, .strides = {1, 1}});
  Program program = regression(graph);
  fuse_pooled_convolution(program);
  EXPECT_EQ(count(program, "pooled_convolution_backward"), 0);
}

TEST(Recompute, ComputesCheapActivationsAgain) {
  Program program = tutorial();
  recompute(program);
  EXPECT_EQ(count(program, "convolution"), 3) << "the first one twice";
  EXPECT_NO_THROW(named(program, "activation/slope/again"));
}

TEST(Recompute, KeepsActivationsThatAreDearToComputeAgain) {
  Graph graph({8, 8, 8});  // 72 multiply-adds an output
  graph.add(layers::Conv2D{.filters = 4});
  graph.add(Activation("relu"));
  graph.add(layers::Conv2D{.filters = 4});
  Program program = regression(graph);
  const Names before = names(program);
  recompute(program);
  EXPECT_EQ(names(program), before);
}

TEST(StoreBf16, StoresWhatProductsRead) {
  Program program = tutorial(Precision::bf16);
  store_bf16(program);
  EXPECT_EQ(named(program, "activation").type, plan::DType::bf16);
  EXPECT_EQ(named(program, "conv2d").type, plan::DType::f32);
  EXPECT_EQ(named(program, "d dense").type, plan::DType::bf16);
  EXPECT_EQ(named(program, "conv2d/kernel").type, plan::DType::f32);
}

TEST(Slice, KeepsNoFullSizeActivationForTheWholeBatch) {
  Program program = tutorial();
  fuse_activation_pool(program);
  recompute(program);
  slice(program);
  EXPECT_EQ(named(program, "conv2d_1").home, Home::slice);
  // Computed again, so the forward pass keeps neither of them.
  EXPECT_EQ(named(program, "activation").home, Home::slice);
  EXPECT_EQ(named(program, "activation/slope/again").home, Home::slice);
  EXPECT_EQ(named(program, "alpha_dropout").home, Home::batch) << "a product reads it";
}

TEST(Pack, ReusesMemory) {
  Program program = tutorial();
  slice(program);
  pack(program);
  std::int64_t sum = 0;
  for (const plan::Tensor& tensor : program.tensors) {
    if (tensor.home == Home::slice) sum += tensor.elements * size_of(tensor.type);
  }
  EXPECT_LT(program.slice_bytes, sum);
}

/// y = x w is the output, whatever steps come behind it.
TEST(Pack, LeavesTheOutputAlone) {
  enum : plan::TensorId { w, x, y, activated, twice, again };
  Program program;
  program.mode = plan::Mode::predict;
  program.tensors.push_back(
      {.name = "w", .shape = {4, 4}, .home = Home::parameters, .elements = 16});
  for (const char* name : {"x", "y", "activated", "twice", "again"}) program.add_tensor(name, {4});
  program.steps = {ops::LoadInput{x}, ops::Gemm{x, w, plan::kNone, y, 1, 4, 4},
                   ops::Activate{y, activated, plan::kNone, 0},
                   ops::Sum{activated, activated, twice}, ops::Sum{twice, twice, again}};
  program.output = y;
  pack(program);
  for (const plan::TensorId other : {activated, twice, again})
    EXPECT_NE(program.tensor(other).offset, program.tensor(y).offset) << other;
}

/// From the first position at which a step touches a tensor to the last: not by plan::lifetimes(),
/// which pack() itself goes by.
struct Life {
  int first, last;
};

/// Tensors of one home that are alive at once must not overlap. `position_of` gives the step's
/// place in what its home counts by.
template <class PositionOf>
int expect_disjoint(const Program& program, Home home, PositionOf position_of) {
  std::map<plan::TensorId, Life> lives;
  for (std::size_t i = 0; i < program.steps.size(); ++i) {
    plan::for_each_tensor(program.steps[i], [&](plan::TensorId id, ops::Use) {
      if (program.tensor(id).home != home) return;
      const int position = position_of(i);
      lives.try_emplace(id, Life{position, position}).first->second.last = position;
    });
  }
  const auto end = [](const plan::Tensor& t) { return t.offset + t.elements * size_of(t.type); };
  int compared = 0;
  for (const auto& [a, life_a] : lives) {
    const plan::Tensor& first = program.tensor(a);
    EXPECT_LE(end(first), home == Home::batch ? program.batch_bytes : program.slice_bytes);
    for (const auto& [b, life_b] : lives) {
      if (a >= b || life_a.last < life_b.first || life_b.last < life_a.first) continue;
      const plan::Tensor& second = program.tensor(b);
      EXPECT_TRUE(end(first) <= second.offset || end(second) <= first.offset)
          << first.name << " and " << second.name;
      ++compared;
    }
  }
  return compared;
}

/// Slices of a segment are at different steps at any time: what they share of the batch is alive
/// for the whole segment, and what is a slice's own by steps.
TEST(Pipelines, PlaceNoTwoLivingTensorsOnOneAnother) {
  int compared = 0;
  for (const reference::Example& example : reference::examples()) {
    SCOPED_TRACE(example.name);
    for (const Precision precision : {Precision::fp32, Precision::bf16}) {
      const plan::Plan plan = plan::make_plan(example.graph, example.loss, precision);
      for (const Program* planned : {&plan.train, &plan.evaluate, &plan.predict}) {
        const Program cpu = cpu_program(*planned, precision);
        const auto by_step = [](std::size_t step) { return static_cast<int>(step); };
        const auto by_segment = [&](std::size_t step) {
          int segment = 0;
          while (cpu.segments[static_cast<std::size_t>(segment)].last <= step) ++segment;
          return cpu.segments[static_cast<std::size_t>(segment)].sliced
                     ? static_cast<int>(cpu.segments[static_cast<std::size_t>(segment)].first)
                     : static_cast<int>(step);
        };
        compared += expect_disjoint(cpu, Home::batch, by_segment);
        compared += expect_disjoint(cpu, Home::slice, by_step);
        compared += expect_disjoint(cuda_program(*planned, precision, {}), Home::batch, by_step);
      }
    }
  }
  EXPECT_GT(compared, 1000);
}

TEST(Pipelines, OfTheCpu) {
  EXPECT_EQ(names(cpu_program(tutorial(), Precision::fp32)), (Names{"load_input",
                                                                    "convolution",
                                                                    "activate",
                                                                    "convolution",
                                                                    "activate_pool",
                                                                    "drop",
                                                                    "gemm",
                                                                    "activate",
                                                                    "drop",
                                                                    "gemm",
                                                                    "evaluate_loss",
                                                                    "gemm_backward",
                                                                    "drop_backward",
                                                                    "activate_backward",
                                                                    "gemm_backward",
                                                                    "drop_backward",
                                                                    "activate_backward",
                                                                    "convolution",
                                                                    "activate",
                                                                    "pooled_convolution_backward",
                                                                    "activate_backward",
                                                                    "convolution_backward",
                                                                    "update"}));
}

TEST(Pipelines, OfCuda) {
  EXPECT_EQ(names(cuda_program(tutorial(), Precision::fp32, {})),
            (Names{"load_input", "convolution_activate", "convolution", "activate_pool", "drop",
                   "gemm_activate", "drop", "head", "gemm_backward", "gemm_backward",
                   "pooled_gradient", "convolution_activate", "convolution_backward",
                   "activate_backward", "convolution_backward", "update"}));
}

TEST(Pipelines, StoreBf16WhereThePrecisionAsksForIt) {
  const auto has = [](const std::vector<Pass>& passes) {
    return std::any_of(passes.begin(), passes.end(),
                       [](const Pass& pass) { return pass.name == "store_bf16"; });
  };
  EXPECT_TRUE(has(cpu_passes(Precision::bf16)));
  EXPECT_TRUE(has(cuda_passes(Precision::bf16, {})));
  EXPECT_FALSE(has(cpu_passes(Precision::fp32)));
  EXPECT_FALSE(has(cuda_passes(Precision::tf32, {})));
}

TEST(Pipelines, TellOfEachPass) {
  Names told;
  cpu_program(tutorial(), Precision::fp32,
              [&](const Pass& pass, const Program&) { told.emplace_back(pass.name); });
  EXPECT_EQ(told, (Names{"fuse_activation_pool", "differentiate_pooled", "fuse_pooled_convolution",
                         "recompute", "slice", "pack"}));
}

}  // namespace
}  // namespace saltus::passes
