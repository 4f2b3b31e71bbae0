#include "backend/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/select.h"
#include "train/trainer.h"

namespace saltus::backend {
namespace {

TEST(Trial, HoldsASlotForEachActivationAndDropoutInTheirOrder) {
  const Activation elu = Activation::parse("elu:alpha=0.2");
  Graph graph({4});
  graph.add(elu);
  graph.add(layers::AlphaDropout{0.25});
  graph.add(layers::Dense{.units = 3});
  graph.add(Activation("tanh"));
  graph.add(layers::Dropout{0.5});
  const Trial trial = train::trial_of({graph, SGD{}, 9});
  EXPECT_EQ(trial.seed, 9U);
  EXPECT_TRUE(std::holds_alternative<SGD>(trial.optimizer));
  ASSERT_EQ(trial.activations.size(), 2U);
  EXPECT_EQ(trial.activations[0].id, elu.ref().id);
  EXPECT_EQ(trial.activations[0].parameters[0], 0.2F);
  EXPECT_NE(trial.activations[1].id, elu.ref().id);
  ASSERT_EQ(trial.dropouts.size(), 2U);
  EXPECT_NE(trial.dropouts[0].dropped, 0);
  EXPECT_EQ(trial.dropouts[1].dropped, 0);
}

TEST(Cpu, RefusesMoreThanTheMemoryHolds) {
  Graph graph({1 << 20});
  graph.add(layers::Dense{.units = 1 << 20});
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32));
  try {
    cpu().compile(plan, {train::trial_of({graph, SGD{}, 1})}, {});
    FAIL() << "a machine with 8 TiB";
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("of 1 trial take 8796101"));
  }
}

TEST(Select, GivesTheGpuOrSaysWhyNot) {
  EXPECT_EQ(select(Device::cpu).name(), "cpu");
  std::string_view best = "cuda";
  try {
    EXPECT_EQ(select(Device::cuda).name(), "cuda");
  } catch (const DeviceError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("CUDA"));
    best = "cpu";
  }
  EXPECT_EQ(select(Device::automatic).name(), best);
}

}  // namespace
}  // namespace saltus::backend
