// The plan as text, and what each pass of both backends makes of it. The texts are in plans/: a
// change of a pass shows there, and nothing else changes them.
#include <gtest/gtest.h>

#include <saltus/plan.h>

#include "core/file.h"

namespace saltus {
namespace {

/// All that the passes look for: a cheap convolution, pooling behind an activation, a residual, an
/// activation behind a product, a large layer, a Softmax that the loss takes.
Graph network() {
  Graph graph({8, 8, 1});
  graph.add(layers::Conv2D{.filters = 2, .padding = layers::Padding::same, .activation = "relu"});
  const NodeId first = graph.add(layers::Conv2D{.filters = 2, .padding = layers::Padding::same});
  graph.add(Activation("gelu"));
  const NodeId second = graph.add(layers::MaxPooling2D{});
  const NodeId shortcut = graph.add_to({first}, layers::AveragePooling2D{});
  graph.add_to({second, shortcut}, layers::Add{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dropout{0.25});
  graph.add(layers::Dense{.units = 8192});
  graph.add(layers::Dense{.units = 4, .activation = "elu"});
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

class PlanText : public testing::TestWithParam<std::pair<const char*, Device>> {};

TEST_P(PlanText, IsAsBefore) {
  const auto& [name, device] = GetParam();
  const std::string file = std::string(SALTUS_SOURCE_DIR "/tests/engine/plans/") + name;
  const std::string text =
      plan_text(network(), losses::CategoricalCrossentropy{}, Precision::bf16, device);
  EXPECT_EQ(text, read_file(file, 1 << 20)) << "if this is meant, it is the new " << file;
}

INSTANTIATE_TEST_SUITE_P(Devices, PlanText,
                         testing::Values(std::pair("cpu.txt", Device::cpu),
                                         std::pair("cuda.txt", Device::cuda)),
                         [](const auto& tested) {
                           return tested.param.second == Device::cpu ? "cpu" : "cuda";
                         });

}  // namespace
}  // namespace saltus
