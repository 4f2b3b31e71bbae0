// What the passes that a GPU alone has make of a program.
#include <algorithm>

#include <gtest/gtest.h>

#include "passes/pipelines.h"
#include "passes_support.h"
#include "plan/verify.h"

namespace saltus::passes {
namespace {

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

TEST(FusePooledGradient, TakesTheActivationAndTheDropout) {
  Program program = tutorial();
  fuse_activation_pool(program);
  const auto before = std::ssize(program.steps);
  fuse_pooled_gradient(program);
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

TEST(FusePooledGradient, LeavesWindowsThatDoNotTileTheImage) {
  for (const Size2 strides : {Size2{1, 1}, Size2{2, 2}}) {
    Graph graph({7, 8, 2});
    graph.add(layers::Conv2D{.filters = 2, .kernel_size = {1, 1}});
    graph.add(layers::MaxPooling2D{.strides = strides});
    graph.add(layers::Dropout{0.5});
    Program program = regression(graph);
    const Names before = names(program);
    fuse_pooled_gradient(program);
    EXPECT_EQ(names(program), before);
  }
}

TEST(FusePooledGradient, NeedsSomethingToTake) {
  Graph graph({8, 8, 2});
  graph.add(layers::Conv2D{.filters = 2, .kernel_size = {1, 1}});
  graph.add(layers::MaxPooling2D{});
  Program program = regression(graph);
  fuse_pooled_gradient(program);
  EXPECT_EQ(count(program, "pooled_gradient"), 0);
}

/// The tutorial's large layer, which gets what comes back to it from the step `head`.
TEST(FuseUpdate, TakesTheGradientOfALargeLayer) {
  Program program = tutorial();
  fuse_head(program);
  const Names before = names(program);
  fuse_update(program, 128);
  EXPECT_EQ(names(program), before);
  plan::verify(program);
  const auto& update = std::get<ops::Update>(program.steps.back());
  ASSERT_EQ(update.dw.size(), 1U);
  EXPECT_EQ(program.tensor(update.x[0]).name, "alpha_dropout");
  EXPECT_EQ(program.tensor(update.dy[0]).name, "d dense");
  EXPECT_EQ(program.tensor(update.dw[0]).name, "d dense/kernel");
  EXPECT_EQ(program.tensor(update.db[0]).name, "d dense/bias");
  for (const plan::Step& step : program.steps) {
    const auto* backward = std::get_if<ops::GemmBackward>(&step);
    if (backward == nullptr || backward->in != 9216) continue;
    EXPECT_EQ(program.tensor(backward->dx).name, "d alpha_dropout");
    EXPECT_EQ(backward->dw, plan::kNone);
    EXPECT_EQ(backward->db, plan::kNone);
  }
}

/// No gradient goes back to the data, so that nothing is left of the step.
TEST(FuseUpdate, TakesTheWholeStepOfAFirstLayer) {
  Graph graph({784});
  graph.add(layers::Dense{.units = 512, .use_bias = false});
  graph.add(layers::Dense{.units = 1});
  Program program = plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32).train;
  fuse_head(program);
  fuse_update(program, 128);
  EXPECT_EQ(names(program), (Names{"load_input", "gemm", "head", "gemm_backward", "update"}));
  plan::verify(program);
  const auto& update = std::get<ops::Update>(program.steps.back());
  ASSERT_EQ(update.dw.size(), 1U);
  EXPECT_EQ(update.db[0], plan::kNone);
}

TEST(FuseUpdate, LeavesProgramsThatDoNotTrain) {
  Program program =
      plan::make_plan(plan::tutorial(), losses::BinaryCrossentropy{}, Precision::fp32).evaluate;
  const Names before = names(program);
  fuse_update(program, 128);
  EXPECT_EQ(names(program), before);
}

/// All programs of a network behind the passes of a GPU with that much shared memory.
std::vector<Names> cuda_names(const Graph& graph, Precision precision,
                              std::int64_t shared_bytes = kSharedBytes) {
  const plan::Plan plan = plan::make_plan(graph, losses::BinaryCrossentropy{}, precision);
  std::vector<Names> result;
  for (const Program* program : {&plan.train, &plan.evaluate, &plan.predict})
    result.push_back(names(cuda_program(*program, precision, {.shared_bytes = shared_bytes})));
  return result;
}

TEST(FuseConvolutions, MakesOneStepOfTheTutorialsInEveryProgram) {
  const Names evaluate = {"load_input", "convolutions_pool", "gemm_activate", "head"};
  const Names predict = {"load_input", "convolutions_pool", "gemm_activate", "gemm",
                         "softmax_rows"};
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    const std::vector<Names> all = cuda_names(plan::tutorial("gelu"), precision);
    EXPECT_EQ(all[0],
              (Names{"load_input", "convolutions_pool", "gemm_activate", "drop", "head",
                     "gemm_backward", "gemm_backward", "convolutions_pool_backward", "update"}));
    EXPECT_EQ(all[1], evaluate);
    EXPECT_EQ(all[2], predict);
  }
}

TEST(FuseConvolutions, KeepsTheSlotsOfBothActivationsAndTheDropout) {
  Program program = tutorial(Precision::tf32);
  fuse_activation_pool(program);
  recompute(program);
  const int first = std::get<ops::Activate>(program.steps[2]).slot;
  const int second = std::get<ops::ActivatePool>(program.steps[4]).slot;
  const auto drop = std::get<ops::Drop>(program.steps[5]);
  ASSERT_NE(first, second);
  fuse_convolutions(program, Precision::tf32, kSharedBytes);
  const auto& fused = std::get<ops::ConvolutionsPool>(program.steps[1]);
  EXPECT_EQ(fused.first_slot, first);
  EXPECT_EQ(fused.second_slot, second);
  EXPECT_EQ(fused.drop_slot, drop.slot);
  EXPECT_EQ(plan::TensorId{fused.y}, plan::TensorId{drop.y});
}

/// What is pooled, with or without a second reader, and what is behind it.
Names trained_behind_the_pool(bool reads_pooled, const Layer& behind) {
  Graph graph({12, 12, 1});
  graph.add(layers::Conv2D{.filters = 16});
  graph.add(Activation("relu"));
  graph.add(layers::Conv2D{.filters = 32});
  graph.add(Activation("relu"));
  const NodeId pooled = graph.add(layers::MaxPooling2D{});
  const NodeId dropped = graph.add(behind);
  if (reads_pooled) graph.add_to({pooled, dropped}, layers::Add{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 1});
  return cuda_names(graph, Precision::tf32)[0];
}

TEST(FuseConvolutions, LeavesDropoutOfWhatIsReadTwiceOrOfWholeMaps) {
  const auto behind = [](const Names& steps) { return steps.at(2); };
  EXPECT_EQ(behind(trained_behind_the_pool(false, layers::Dropout{0.5})), "head");
  EXPECT_EQ(behind(trained_behind_the_pool(false, layers::AlphaDropout{0.5})), "head");
  EXPECT_EQ(behind(trained_behind_the_pool(true, layers::Dropout{0.5})), "drop");
  EXPECT_EQ(behind(trained_behind_the_pool(false, layers::SpatialDropout2D{0.5})), "drop_maps");
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

/// Behind the passes that come before it.
Program before_the_gradient(const Graph& graph, Precision precision = Precision::tf32) {
  Program program = plan::make_plan(graph, losses::BinaryCrossentropy{}, precision).train;
  fuse_activation_pool(program);
  differentiate_pooled(program);
  recompute(program);
  fuse_epilogue(program);
  fuse_pooled_gradient(program);
  return program;
}

TEST(FuseConvolutionsGradient, TakesAllFromThePoolOn) {
  Program program = before_the_gradient(plan::tutorial("gelu"));
  const Names before = names(program);
  const auto pool = std::find(before.begin(), before.end(), "pooled_gradient");
  const auto place = static_cast<std::size_t>(pool - before.begin());
  const auto again = std::get<ops::ConvolutionActivate>(program.steps.at(place + 1));
  fuse_convolutions_gradient(program, Precision::tf32, kSharedBytes);
  Names want(before.begin(), pool);
  want.insert(want.end(), {"convolutions_pool_backward", "update"});
  EXPECT_EQ(names(program), want);
  const auto& fused = std::get<ops::ConvolutionsPoolBackward>(program.steps[place]);
  EXPECT_EQ(program.tensor(fused.x).name, "input_layer");
  EXPECT_EQ(program.tensor(fused.first_w).name, "conv2d/kernel");
  EXPECT_EQ(program.tensor(fused.first_b).name, "conv2d/bias");
  EXPECT_EQ(program.tensor(fused.second_w).name, "conv2d_1/kernel");
  EXPECT_EQ(program.tensor(fused.dy).name, "d alpha_dropout");
  EXPECT_EQ(program.tensor(fused.slope).name, "activation_1/slope");
  EXPECT_EQ(program.tensor(fused.index).name, "max_pooling2d/index");
  EXPECT_EQ(program.tensor(fused.first_dw).name, "d conv2d/kernel");
  EXPECT_EQ(program.tensor(fused.first_db).name, "d conv2d/bias");
  EXPECT_EQ(program.tensor(fused.second_dw).name, "d conv2d_1/kernel");
  EXPECT_EQ(program.tensor(fused.second_db).name, "d conv2d_1/bias");
  EXPECT_EQ(fused.first_slot, again.slot);
  EXPECT_EQ(fused.drop_slot, 0);
}

TEST(FuseConvolutionsGradient, LeavesWhatDoesNotFit) {
  const auto is_fused = [](Precision precision, std::int64_t shared_bytes) {
    const Names steps = cuda_names(plan::tutorial(), precision, shared_bytes)[0];
    return std::find(steps.begin(), steps.end(), "convolutions_pool_backward") != steps.end();
  };
  for (const Precision precision : {Precision::tf32, Precision::bf16}) {
    EXPECT_TRUE(is_fused(precision, 163 << 10));
    EXPECT_FALSE(is_fused(precision, 99 << 10));
    EXPECT_FALSE(is_fused(precision, 0));
  }
  EXPECT_FALSE(is_fused(Precision::fp32, kSharedBytes));
}

// Each of what lies between the five steps.
TEST(FuseConvolutionsGradient, LeavesWhatSomebodyElseReads) {
  const Program whole = before_the_gradient(plan::tutorial("gelu"));
  const Names before = names(whole);
  const auto place = static_cast<std::size_t>(
      std::find(before.begin(), before.end(), "pooled_gradient") - before.begin());
  const auto& again = std::get<ops::ConvolutionActivate>(whole.steps.at(place + 1));
  const auto& second = std::get<ops::ConvolutionBackward>(whole.steps.at(place + 2));
  for (const plan::TensorId id :
       {plan::TensorId{std::get<ops::PooledGradient>(whole.steps.at(place)).dx},
        plan::TensorId{again.y}, plan::TensorId{again.slope}, plan::TensorId{second.dx},
        plan::TensorId{std::get<ops::ActivateBackward>(whole.steps.at(place + 3)).dx}}) {
    Program program = whole;
    program.output = id;  // which is read behind the last step
    fuse_convolutions_gradient(program, Precision::tf32, kSharedBytes);
    EXPECT_EQ(names(program), before) << whole.tensor(id).name;
  }
}

TEST(FuseConvolutionsGradient, LeavesOtherChainsAlone) {
  struct Network {
    layers::Conv2D first = {.filters = 32};
    layers::Conv2D second = {.filters = 64};
    const char* before = "relu";
    const char* behind = "relu";
    Shape input = {12, 12, 1};
    bool reads_pool = false;

    [[nodiscard]] bool is_fused() const {
      Graph graph(input);
      graph.add(first);
      graph.add(Activation(before));
      graph.add(second);
      graph.add(Activation(behind));
      const NodeId pooled = graph.add(layers::MaxPooling2D{});
      if (reads_pool) {
        const NodeId again = graph.add(layers::Conv2D{.filters = 64, .kernel_size = {1, 1}});
        graph.add_to({pooled, again}, layers::Add{});
      }
      graph.add(layers::Flatten{});
      graph.add(layers::Dense{.units = 1});
      const Names steps = cuda_names(graph, Precision::bf16)[0];
      return std::find(steps.begin(), steps.end(), "convolutions_pool_backward") != steps.end();
    }
  };
  EXPECT_TRUE(Network{}.is_fused());
  EXPECT_TRUE((Network{.reads_pool = true}.is_fused())) << "its gradient is there, summed up";
  EXPECT_TRUE((Network{.first = {.filters = 32, .use_bias = false}}.is_fused()));
  EXPECT_FALSE((Network{.first = {.filters = 16}}.is_fused()));
  EXPECT_FALSE((Network{.second = {.filters = 32}}.is_fused()));
  EXPECT_FALSE((Network{.second = {.filters = 64, .kernel_size = {5, 5}}}.is_fused()));
  EXPECT_FALSE((Network{.input = {12, 12, 2}}.is_fused()));
  EXPECT_FALSE((Network{.input = {12, 13, 1}}.is_fused())) << "windows do not tile the image";
  EXPECT_FALSE((Network{.before = "swish:beta=learned"}.is_fused()));
  EXPECT_FALSE((Network{.behind = "swish:beta=learned"}.is_fused()));
}

}  // namespace
}  // namespace saltus::passes
