// What a network is lowered to, before any backend's passes.
#include "plan/plan.h"

#include <gtest/gtest.h>

#include <saltus/error.h>

#include "plan_support.h"

namespace saltus::plan {
namespace {

using Names = std::vector<std::string>;

TEST(Plan, SaysWhatIsComputed) {
  const Plan plan = make_plan(tutorial(), losses::BinaryCrossentropy{}, Precision::fp32);
  EXPECT_EQ(names(plan.train), (Names{"load_input",
                                      "convolution",
                                      "activate",
                                      "convolution",
                                      "activate",
                                      "max_pool",
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
                                      "max_pool_backward",
                                      "activate_backward",
                                      "convolution_backward",
                                      "activate_backward",
                                      "convolution_backward",
                                      "update"}));
  EXPECT_EQ(names(plan.evaluate),
            (Names{"load_input", "convolution", "activate", "convolution", "activate", "max_pool",
                   "gemm", "activate", "gemm", "evaluate_loss"}));
  EXPECT_EQ(names(plan.predict).back(), "softmax_rows");
  EXPECT_EQ(plan.weights.size(), 8U);
  EXPECT_GE(plan.parameter_count, 1'199'882);
  EXPECT_TRUE(plan.train.segments.empty());
}

TEST(Plan, DealsSlotsInTheOrderOfTheLayers) {
  const Plan plan = make_plan(tutorial(), losses::BinaryCrossentropy{}, Precision::fp32);
  EXPECT_EQ(plan.slots.activations, 3);
  EXPECT_EQ(plan.slots.dropouts, 2);
  EXPECT_EQ(plan.slots.activation,
            (std::vector<int>{-1, -1, 0, -1, 1, -1, -1, -1, -1, 2, -1, -1, -1}));
  EXPECT_EQ(plan.slots.dropout,
            (std::vector<int>{-1, -1, -1, -1, -1, -1, 0, -1, -1, -1, 1, -1, -1}));
}

TEST(Plan, NumbersWeightsAlikeInAllPrograms) {
  const Plan plan = make_plan(tutorial(), losses::BinaryCrossentropy{}, Precision::fp32);
  for (std::size_t i = 0; i < plan.weights.size(); ++i) {
    for (const Program* program : {&plan.train, &plan.evaluate, &plan.predict}) {
      EXPECT_EQ(program->tensors[i].name, plan.weights[i].name);
      EXPECT_EQ(program->tensors[i].offset, plan.train.tensors[i].offset);
    }
  }
}

TEST(Plan, AddsUpGradientsOfATensorWithTwoReaders) {
  Graph graph({4});
  const NodeId first = graph.add(layers::Dense{.units = 4});
  const NodeId second = graph.add(layers::Dense{.units = 4});
  graph.add_to({first, second}, layers::Add{});
  graph.add(layers::Dense{.units = 1});
  const Plan plan = make_plan(graph, losses::MeanSquaredError{}, Precision::fp32);
  EXPECT_EQ(count(plan.train, "sum"), 2);  // one forward, one of gradients
}

TEST(Plan, HasNoGradientThatNobodyWants) {
  Graph graph({4});
  graph.add(Activation("relu"));
  graph.add(layers::Dense{.units = 1});
  const Plan plan = make_plan(graph, losses::MeanSquaredError{}, Precision::fp32);
  EXPECT_EQ(count(plan.train, "gemm_backward"), 1);
  EXPECT_EQ(count(plan.train, "activate_backward"), 0) << "no weight is before it";
}

TEST(Plan, RefusesAMaxPoolingWhoseIndexDoesNotFitAByte) {
  Graph graph({17, 16, 1});
  graph.add(layers::MaxPooling2D{.pool_size = {17, 16}});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 1});
  EXPECT_THROW(make_plan(graph, losses::MeanSquaredError{}, Precision::fp32), InvalidArgument);
}

TEST(Plan, RefusesAClassLossOnOneOutput) {
  Graph graph({4});
  graph.add(layers::Dense{.units = 1});
  EXPECT_THROW(make_plan(graph, losses::CategoricalCrossentropy{}, Precision::fp32),
               InvalidArgument);
}

TEST(Plan, DescribesItself) {
  const std::string text =
      describe(make_plan(tutorial(), losses::BinaryCrossentropy{}, Precision::fp32).train);
  EXPECT_NE(text.find("convolution_backward"), std::string::npos);
  EXPECT_NE(text.find("conv2d/kernel(3, 3, 1, 32)"), std::string::npos);
}

}  // namespace
}  // namespace saltus::plan
