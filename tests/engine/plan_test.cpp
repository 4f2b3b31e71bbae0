#include "plan/plan.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include <saltus/error.h>

#include "plan/passes.h"

namespace saltus::plan {
namespace {

Graph tutorial(const char* activation = "relu") {
  const Activation act(activation);
  Graph graph({28, 28, 1});
  graph.add(layers::Conv2D{.filters = 32});
  graph.add(act);
  graph.add(layers::Conv2D{.filters = 64});
  graph.add(act);
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::AlphaDropout{0.25});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 128});
  graph.add(act);
  graph.add(layers::AlphaDropout{0.5});
  graph.add(layers::Dense{.units = 10});
  graph.add(layers::Softmax{});
  return graph;
}

std::vector<std::string> names(const Program& program) {
  std::vector<std::string> result;
  for (const Segment& segment : program.segments) {
    for (const Step& step : segment.steps) result.emplace_back(name_of(step));
  }
  return result;
}

const Tensor& named(const Program& program, std::string_view name) {
  const auto found = std::find_if(program.tensors.begin(), program.tensors.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  if (found == program.tensors.end()) throw std::out_of_range(std::string(name));
  return *found;
}

TEST(Plan, LowersTheTutorialsNetworkToFusedSteps) {
  const Plan plan = make_plan(tutorial(), Loss::binary_crossentropy, Precision::fp32);
  EXPECT_EQ(names(plan.train), (std::vector<std::string>{"load_input",
                                                         "convolution",
                                                         "activate",
                                                         "convolution",
                                                         "activate_pool",
                                                         "drop",
                                                         "product",
                                                         "activate",
                                                         "drop",
                                                         "product",
                                                         "evaluate_loss",
                                                         "product_backward",
                                                         "drop_backward",
                                                         "activate_backward",
                                                         "product_backward",
                                                         "drop_backward",
                                                         "activate_backward",
                                                         "convolution",
                                                         "activate",
                                                         "pooled_convolution_backward",
                                                         "activate_backward",
                                                         "convolution_backward",
                                                         "update"}));
  EXPECT_EQ(names(plan.evaluate),
            (std::vector<std::string>{"load_input", "convolution", "activate", "convolution",
                                      "activate_pool", "product", "activate", "product",
                                      "evaluate_loss"}));
  EXPECT_EQ(names(plan.predict).back(), "softmax_rows");
  EXPECT_EQ(plan.activation_slots, 3);
  EXPECT_EQ(plan.dropout_slots, 2);
  EXPECT_EQ(plan.weights.size(), 8U);
  EXPECT_GE(plan.parameter_count, 1'199'882);
}

TEST(Plan, KeepsNoFullSizeActivationForTheWholeBatch) {
  const Plan plan = make_plan(tutorial(), Loss::binary_crossentropy, Precision::fp32);
  EXPECT_EQ(named(plan.train, "conv2d_1").home, Home::slice);
  EXPECT_EQ(named(plan.train, "activation_1/slope").elements, 12 * 12 * 64);
  // Cheap to compute again, so the backward pass does, and the forward pass keeps neither of them.
  EXPECT_EQ(named(plan.train, "activation").home, Home::slice);
  EXPECT_EQ(named(plan.train, "activation/slope/again").home, Home::slice);
}

TEST(Plan, KeepsActivationsThatAreDearToComputeAgain) {
  Graph graph({8, 8, 8});  // 72 multiply-adds an output
  graph.add(layers::Conv2D{.filters = 4});
  graph.add(Activation("relu"));
  graph.add(layers::Conv2D{.filters = 4});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 1});
  const Plan plan = make_plan(graph, Loss::mean_squared_error, Precision::fp32);
  const auto steps = names(plan.train);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), "activate"), 1);
  EXPECT_EQ(named(plan.train, "activation").home, Home::batch);
}

TEST(Plan, NumbersWeightsAlikeInAllPrograms) {
  const Plan plan = make_plan(tutorial(), Loss::binary_crossentropy, Precision::fp32);
  for (std::size_t i = 0; i < plan.weights.size(); ++i) {
    for (const Program* program : {&plan.train, &plan.evaluate, &plan.predict}) {
      EXPECT_EQ(program->tensors[i].name, plan.weights[i].name);
      EXPECT_EQ(program->tensors[i].offset, plan.train.tensors[i].offset);
    }
  }
}

TEST(Plan, StoresWhatProductsReadAsBf16) {
  const Plan plan = make_plan(tutorial(), Loss::binary_crossentropy, Precision::bf16);
  EXPECT_EQ(named(plan.train, "activation").type, DType::bf16);
  EXPECT_EQ(named(plan.train, "conv2d").type, DType::f32);
  EXPECT_EQ(named(plan.train, "d dense").type, DType::bf16);
  EXPECT_EQ(named(plan.train, "conv2d/kernel").type, DType::f32);
}

TEST(Plan, AddsUpGradientsOfATensorWithTwoReaders) {
  Graph graph({4});
  const NodeId first = graph.add(layers::Dense{.units = 4});
  const NodeId second = graph.add(layers::Dense{.units = 4});
  graph.add_to({first, second}, layers::Add{});
  graph.add(layers::Dense{.units = 1});
  const Plan plan = make_plan(graph, Loss::mean_squared_error, Precision::fp32);
  const auto steps = names(plan.train);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), "sum"), 2);  // one forward, one of gradients
}

TEST(Plan, KeepsPoolingApartWhereTheActivationIsReadTwice) {
  Graph graph({8, 8, 2});
  graph.add(layers::Conv2D{.filters = 2});
  const NodeId active = graph.add(Activation("relu"));
  const NodeId pooled = graph.add(layers::MaxPooling2D{});
  const NodeId mean = graph.add_to({active}, layers::AveragePooling2D{});
  graph.add_to({pooled, mean}, layers::Add{});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 1});
  const Plan plan = make_plan(graph, Loss::mean_squared_error, Precision::fp32);
  const auto steps = names(plan.train);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), "activate_pool"), 0);
  EXPECT_EQ(std::count(steps.begin(), steps.end(), "max_pool_backward"), 1);
}

TEST(Plan, RefusesAMaxPoolingWhoseIndexDoesNotFitAByte) {
  Graph graph({17, 16, 1});
  graph.add(layers::MaxPooling2D{.pool_size = {17, 16}});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 1});
  EXPECT_THROW(make_plan(graph, Loss::mean_squared_error, Precision::fp32), InvalidArgument);
}

TEST(Plan, RefusesAClassLossOnOneOutput) {
  Graph graph({4});
  graph.add(layers::Dense{.units = 1});
  EXPECT_THROW(make_plan(graph, Loss::categorical_crossentropy, Precision::fp32), InvalidArgument);
}

/// No two tensors that are alive at once may overlap: of batch tensors over segments, of slice
/// tensors over steps.
void expect_disjoint(const Program& program, Home home) {
  struct Life {
    int first, last;
  };
  std::map<TensorId, Life> lives;
  int position = 0;
  for (const Segment& segment : program.segments) {
    for (const Step& step : segment.steps) {
      for_each_tensor(step, [&](TensorId id, Use) {
        if (program.tensors[static_cast<std::size_t>(id)].home != home) return;
        lives.try_emplace(id, Life{position, position}).first->second.last = position;
      });
      if (home == Home::slice) ++position;
    }
    if (home == Home::batch) ++position;
  }
  int compared = 0;
  for (const auto& [a, life_a] : lives) {
    for (const auto& [b, life_b] : lives) {
      if (a >= b || life_a.last < life_b.first || life_b.last < life_a.first) continue;
      const Tensor& first = program.tensors[static_cast<std::size_t>(a)];
      const Tensor& second = program.tensors[static_cast<std::size_t>(b)];
      const auto end = [](const Tensor& t) { return t.offset + t.elements * size_of(t.type); };
      EXPECT_TRUE(end(first) <= second.offset || end(second) <= first.offset)
          << first.name << " and " << second.name;
      ++compared;
    }
    const Tensor& tensor = program.tensors[static_cast<std::size_t>(a)];
    const std::int64_t size = home == Home::batch ? program.batch_bytes : program.slice_bytes;
    EXPECT_LE(tensor.offset + tensor.elements * size_of(tensor.type), size);
  }
  EXPECT_GT(compared, 0);
}

TEST(Plan, PlacesNoTwoLivingTensorsOnOneAnother) {
  for (const Precision precision : {Precision::fp32, Precision::bf16}) {
    const Plan plan = make_plan(tutorial("gelu"), Loss::binary_crossentropy, precision);
    expect_disjoint(plan.train, Home::batch);
    expect_disjoint(plan.train, Home::slice);
    expect_disjoint(plan.predict, Home::slice);
  }
}

TEST(Plan, ReusesMemory) {
  const Plan plan = make_plan(tutorial(), Loss::binary_crossentropy, Precision::fp32);
  std::int64_t sum = 0;
  for (const Tensor& tensor : plan.train.tensors) {
    if (tensor.home == Home::slice) sum += tensor.elements * size_of(tensor.type);
  }
  EXPECT_LT(plan.train.slice_bytes, sum);
}

TEST(Plan, DescribesItself) {
  const std::string text =
      describe(make_plan(tutorial(), Loss::binary_crossentropy, Precision::fp32).train);
  EXPECT_NE(text.find("pooled_convolution_backward"), std::string::npos);
  EXPECT_NE(text.find("conv2d/kernel(3, 3, 1, 32)"), std::string::npos);
}

}  // namespace
}  // namespace saltus::plan
