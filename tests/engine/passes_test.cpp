// What each pass makes of a program, and what both backends' lists come to.
#include "passes/passes.h"

#include <algorithm>
#include <map>
#include <optional>

#include <gtest/gtest.h>

#include "passes/pipelines.h"
#include "plan_support.h"
#include "tests/reference/examples.h"

namespace saltus::passes {
namespace {

using plan::count;
using plan::Home;
using plan::named;
using plan::names;
using plan::Program;
using Names = std::vector<std::string>;

/// The training program of the tutorial's network, of a classifier, or of a regression.
Program tutorial(Precision precision = Precision::fp32) {
  return plan::make_plan(plan::tutorial("gelu"), losses::BinaryCrossentropy{}, precision).train;
}
Program regression(Graph graph) {
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 1});
  return plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32).train;
}

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
  fuse_pooled_gradient(program);
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

TEST(FuseHead, TakesAllThatIsARowsOwn) {
  Program program = tutorial();
  fuse_head(program);
  EXPECT_EQ(count(program, "evaluate_loss"), 0);
  const Names steps = names(program);
  const auto head = std::find(steps.begin(), steps.end(), "head");
  ASSERT_NE(head, steps.end());
  EXPECT_EQ(*(head - 1), "drop");
  EXPECT_EQ(*(head + 1), "gemm_backward") << "the gradients of the weights";
  EXPECT_EQ(*(head + 2), "gemm_backward") << "of the layer before";
  const auto& fused =
      std::get<ops::Head>(program.steps[static_cast<std::size_t>(head - steps.begin())]);
  EXPECT_EQ(program.tensor(fused.dx).name, "d dense");
  EXPECT_EQ(program.tensor(fused.slope).name, "activation_2/slope");
  EXPECT_EQ(fused.drop_slot, 1);
}

TEST(FuseHead, TakesALayerThatNothingLiesBefore) {
  Graph graph({8, 8, 2});
  Program program = regression(graph);
  fuse_head(program);
  EXPECT_EQ(names(program), (Names{"load_input", "head", "gemm_backward", "update"}));
}

TEST(FuseHead, LeavesWhatTensorCoresMultiply) {
  Graph graph({16});
  graph.add(layers::Dense{.units = 8});
  Program program = plan::make_plan(graph, losses::MeanSquaredError{}, Precision::tf32).train;
  const Names before = names(program);
  fuse_head(program);
  EXPECT_EQ(names(program), before);
}

TEST(FuseHead, LeavesAGradientThatIsReadTwice) {
  Graph graph({6});
  const NodeId first = graph.add(layers::Dense{.units = 5});
  const NodeId active = graph.add(Activation("relu"));
  graph.add_to({first, active}, layers::Add{});
  graph.add(layers::Dense{.units = 3});
  Program program = plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32).train;
  fuse_head(program);
  EXPECT_EQ(count(program, "head"), 1);
  EXPECT_EQ(count(program, "activate_backward"), 1);
}

TEST(FusePooledChain, TakesTheActivationAndTheDropout) {
  Program program = tutorial();
  fuse_activation_pool(program);
  const auto before = std::ssize(program.steps);
  fuse_pooled_chain(program);
  EXPECT_EQ(std::ssize(program.steps), before - 2);
  const Names steps = names(program);
  const auto chain = std::find(steps.begin(), steps.end(), "pooled_gradient");
  ASSERT_NE(chain, steps.end());
  EXPECT_EQ(*(chain - 1), "gemm_backward");
  EXPECT_EQ(*(chain + 1), "convolution_backward");
  const auto& fused =
      std::get<ops::PooledGradient>(program.steps[static_cast<std::size_t>(chain - steps.begin())]);
  EXPECT_EQ(program.tensor(fused.dy).name, "d alpha_dropout");
  EXPECT_EQ(program.tensor(fused.slope).name, "activation_1/slope");
  EXPECT_EQ(program.tensor(fused.dx).name, "d conv2d_1");
  EXPECT_EQ(fused.drop_slot, 0);
}

TEST(FusePooledChain, LeavesWindowsThatDoNotTileTheImage) {
  for (const Size2 strides : {Size2{1, 1}, Size2{2, 2}}) {
    Graph graph({7, 8, 2});
    graph.add(layers::Conv2D{.filters = 2, .kernel_size = {1, 1}});
    graph.add(layers::MaxPooling2D{.strides = strides});
    graph.add(layers::Dropout{0.5});
    Program program = regression(graph);
    const Names before = names(program);
    fuse_pooled_chain(program);
    EXPECT_EQ(names(program), before);
  }
}

TEST(FusePooledChain, NeedsSomethingToTake) {
  Graph graph({8, 8, 2});
  graph.add(layers::Conv2D{.filters = 2, .kernel_size = {1, 1}});
  graph.add(layers::MaxPooling2D{});
  Program program = regression(graph);
  fuse_pooled_chain(program);
  EXPECT_EQ(count(program, "pooled_gradient"), 0);
}

TEST(FusePooledGradient, GoesStraightIntoTheConvolution) {
  Program program = tutorial();
  fuse_activation_pool(program);
  fuse_pooled_gradient(program);
  EXPECT_EQ(count(program, "max_pool_backward"), 0);
  EXPECT_EQ(count(program, "pooled_convolution_backward"), 1);
  EXPECT_EQ(count(program, "convolution_backward"), 1) << "the first has no pooling";
}

TEST(FusePooledGradient, LeavesWindowsThatOverlap) {
  Graph graph({8, 8, 2});
  graph.add(layers::Conv2D{.filters = 2});
  graph.add(layers::MaxPooling2D{.pool_size = {3, 3}, .strides = {1, 1}});
  Program program = regression(graph);
  fuse_pooled_gradient(program);
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

TEST(FuseEpilogue, PutsActivationsIntoTheStepBeforeThem) {
  Program program =
      plan::make_plan(plan::tutorial("elu"), losses::BinaryCrossentropy{}, Precision::fp32)
          .evaluate;
  fuse_activation_pool(program);
  fuse_epilogue(program);
  EXPECT_EQ(names(program), (Names{"load_input", "convolution_activate", "convolution",
                                   "activate_pool", "gemm_activate", "gemm", "evaluate_loss"}));
}

TEST(FuseEpilogue, KeepsWhatSomebodyElseReads) {
  Graph graph({4});
  const NodeId dense = graph.add(layers::Dense{.units = 4});
  const NodeId activated = graph.add(Activation("tanh"));
  graph.add_to({dense, activated}, layers::Add{});
  Program program = plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32).predict;
  fuse_epilogue(program);
  EXPECT_EQ(names(program), (Names{"load_input", "gemm", "activate", "sum"}));
}

/// x is loaded and y = x w is the output, whatever steps come behind it.
TEST(FuseEpilogue, KeepsTheOutput) {
  enum : plan::TensorId { w, x, y, activated };
  Program program;
  program.mode = plan::Mode::predict;
  program.tensors.push_back(
      {.name = "w", .shape = {4, 4}, .home = Home::parameters, .elements = 16});
  for (const char* name : {"x", "y", "activated"}) program.add_tensor(name, {4});
  program.steps = {ops::LoadInput{x}, ops::Gemm{x, w, plan::kNone, y, 1, 4, 4},
                   ops::Activate{y, activated, plan::kNone, 0}};
  program.output = y;
  fuse_epilogue(program);
  EXPECT_EQ(names(program), (Names{"load_input", "gemm", "activate"}));
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

/// All programs of a network behind the passes of a GPU with that much shared memory.
std::vector<Names> cuda_names(const Graph& graph, Precision precision,
                              std::int64_t shared_bytes = kSharedBytes) {
  const plan::Plan plan = plan::make_plan(graph, losses::BinaryCrossentropy{}, precision);
  std::vector<Names> result;
  for (const Program* program : {&plan.train, &plan.evaluate, &plan.predict})
    result.push_back(names(cuda_program(*program, precision, shared_bytes)));
  return result;
}

TEST(FuseConvolutions, MakesOneStepOfTheTutorialsInEveryProgram) {
  const Names evaluate = {"load_input", "convolutions_pool", "gemm_activate", "gemm",
                          "evaluate_loss"};
  const Names predict = {"load_input", "convolutions_pool", "gemm_activate", "gemm",
                         "softmax_rows"};
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    const std::vector<Names> all = cuda_names(plan::tutorial("gelu"), precision);
    EXPECT_EQ(all[0],
              (Names{"load_input", "convolutions_pool", "drop", "gemm_activate", "drop", "gemm",
                     "evaluate_loss", "gemm_backward", "drop_backward", "activate_backward",
                     "gemm_backward", "drop_backward", "activate_backward", "max_pool_backward",
                     "convolution_activate", "convolution_backward", "activate_backward",
                     "convolution_backward", "update"}));
    EXPECT_EQ(all[1], evaluate);
    EXPECT_EQ(all[2], predict);
  }
}

TEST(FuseConvolutions, KeepsTheSlotsOfBothActivations) {
  Program program = tutorial(Precision::tf32);
  fuse_activation_pool(program);
  recompute(program);
  const int first = std::get<ops::Activate>(program.steps[2]).slot;
  const int second = std::get<ops::ActivatePool>(program.steps[4]).slot;
  ASSERT_NE(first, second);
  fuse_convolutions(program, Precision::tf32, kSharedBytes);
  const auto& fused = std::get<ops::ConvolutionsPool>(program.steps[1]);
  EXPECT_EQ(fused.first_slot, first);
  EXPECT_EQ(fused.second_slot, second);
}

TEST(FuseConvolutions, LeavesAnActivationThatTheBackwardPassReads) {
  Program program = tutorial(Precision::tf32);
  fuse_activation_pool(program);
  const Names before = names(program);
  fuse_convolutions(program, Precision::tf32, kSharedBytes);
  EXPECT_EQ(names(program), before) << "recompute did not run";
}

TEST(FuseConvolutions, LeavesWhatDoesNotFit) {
  const auto is_fused = [](const Graph& graph, Precision precision, std::int64_t shared_bytes) {
    const std::vector<Names> all = cuda_names(graph, precision, shared_bytes);
    const auto has = [](const Names& steps) {
      return std::find(steps.begin(), steps.end(), "convolutions_pool") != steps.end();
    };
    EXPECT_TRUE(has(all[0]) == has(all[1]) && has(all[1]) == has(all[2]));
    return has(all[0]);
  };
  const Graph tutorial = plan::tutorial();
  EXPECT_TRUE(is_fused(tutorial, Precision::tf32, 163 << 10));
  EXPECT_FALSE(is_fused(tutorial, Precision::tf32, 99 << 10));
  EXPECT_TRUE(is_fused(tutorial, Precision::bf16, 99 << 10));
  EXPECT_FALSE(is_fused(tutorial, Precision::bf16, 0));
  EXPECT_FALSE(is_fused(tutorial, Precision::fp32, kSharedBytes));
}

/// A network like the tutorial's, one thing of which a test changes.
struct Chain {
  Shape input = {12, 12, 1};
  layers::Conv2D first = {.filters = 16};
  layers::Conv2D second = {.filters = 32};
  layers::MaxPooling2D pool = {};
  std::optional<Activation> before = Activation("relu"), behind = Activation("relu");
  bool reads_between = false;

  [[nodiscard]] bool is_fused() const {
    Graph graph(input);
    graph.add(first);
    if (before) graph.add(*before);
    const NodeId convolved = graph.add(second);
    if (behind) graph.add(*behind);
    const NodeId pooled = graph.add(pool);
    if (reads_between) {
      const NodeId shortcut = graph.add_to({convolved}, layers::MaxPooling2D{});
      graph.add_to({pooled, shortcut}, layers::Add{});
    }
    graph.add(layers::Flatten{});
    graph.add(layers::Dense{.units = 1});
    const auto all = cuda_names(graph, Precision::bf16);
    const auto fused = [](const Names& steps) {
      return std::find(steps.begin(), steps.end(), "convolutions_pool") != steps.end();
    };
    EXPECT_TRUE(fused(all[0]) == fused(all[1]) && fused(all[1]) == fused(all[2]));
    return fused(all[0]);
  }
};

TEST(FuseConvolutions, LeavesOtherChainsAlone) {
  EXPECT_TRUE(Chain{}.is_fused());
  EXPECT_TRUE((Chain{.first = {.filters = 16, .use_bias = false}}.is_fused()));
  EXPECT_FALSE((Chain{.input = {12, 12, 2}}.is_fused()));
  EXPECT_FALSE((Chain{.first = {.filters = 12}}.is_fused()));
  EXPECT_FALSE((Chain{.second = {.filters = 24}}.is_fused()));
  EXPECT_FALSE((Chain{.first = {.filters = 16, .kernel_size = {5, 5}}}.is_fused()));
  EXPECT_FALSE((Chain{.first = {.filters = 16, .padding = layers::Padding::same}}.is_fused()));
  EXPECT_FALSE((Chain{.second = {.filters = 32, .padding = layers::Padding::same}}.is_fused()));
  EXPECT_FALSE((Chain{.second = {.filters = 32, .strides = {2, 2}}}.is_fused()));
  EXPECT_FALSE((Chain{.pool = {.pool_size = {3, 3}}}.is_fused()));
  EXPECT_FALSE((Chain{.pool = {.strides = Size2{1, 1}}}.is_fused()));
  EXPECT_FALSE((Chain{.before = std::nullopt}.is_fused()));
  EXPECT_FALSE((Chain{.behind = std::nullopt}.is_fused()));
  EXPECT_FALSE((Chain{.reads_between = true}.is_fused()));
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
        compared +=
            expect_disjoint(cuda_program(*planned, precision, kSharedBytes), Home::batch, by_step);
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
  EXPECT_EQ(names(cuda_program(tutorial(), Precision::fp32, kSharedBytes)),
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
  EXPECT_TRUE(has(cuda_passes(Precision::bf16, kSharedBytes)));
  EXPECT_FALSE(has(cpu_passes(Precision::fp32)));
  EXPECT_FALSE(has(cuda_passes(Precision::tf32, kSharedBytes)));
}

TEST(Pipelines, TellOfEachPass) {
  Names told;
  cpu_program(tutorial(), Precision::fp32,
              [&](const Pass& pass, const Program&) { told.emplace_back(pass.name); });
  EXPECT_EQ(told, (Names{"fuse_activation_pool", "differentiate_pooled", "fuse_pooled_gradient",
                         "recompute", "slice", "pack"}));
}

}  // namespace
}  // namespace saltus::passes
