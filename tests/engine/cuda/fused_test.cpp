// Networks that begin with two convolutions and a max-pool, which tensor cores do in one launch.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <emulation/control.h>
#include <gtest/gtest.h>

#include "backend/cuda/compiled.h"
#include "tests/engine/cuda/crew.h"

namespace saltus::tests {
namespace {

/// Until the test ends, a device of another compute capability: 9.0 has more shared memory than
/// 8.6.
class OnArchitecture {
 public:
  explicit OnArchitecture(int compute_capability) {
    emulation::set_platform({.compute_capability = compute_capability});
  }
  ~OnArchitecture() { emulation::set_platform({}); }
  OnArchitecture(const OnArchitecture&) = delete;
  OnArchitecture& operator=(const OnArchitecture&) = delete;
};

/// The small network with as many filters as the step takes.
Graph network(const char* activation) {
  return small_network(activation, 16, 32);
}

/// f monotone, with one minimum, of neither kind, and formulas, beside each other.
std::vector<train::Entry> entries() {
  const Optimizer sgd = SGD{.learning_rate = 0.1, .momentum = 0.9};
  return {{network("elu"), Adam{}, 1},
          {network("gelu"), Adam{.learning_rate = 0.01}, 2},
          {network("x * atan(exp(x))"), sgd, 3},
          {network("sine"), Adam{}, 4},
          {network("where(x > 0, x, slope * tanh(x)); slope = 0.5"), sgd, 5}};
}

/// How many steps of that name the programs of a network have, one after another.
std::vector<std::ptrdiff_t> count(const Graph& graph, Precision precision, const char* step,
                                  const Libraries& libraries = {}) {
  const plan::Plan plan = plan::make_plan(graph, losses::BinaryCrossentropy{}, precision);
  const cuda::Compiled compiled(plan, 0, {}, kBatch, libraries);
  std::vector<std::ptrdiff_t> counts;
  for (const plan::Program& program : compiled.programs())
    counts.push_back(
        std::count_if(program.steps.begin(), program.steps.end(),
                      [&](const plan::Step& each) { return plan::name_of(each) == step; }));
  return counts;
}

using Counts = std::vector<std::ptrdiff_t>;

/// More weights than 99 KiB have room for.
Graph large_network(const char* activation, Precision precision) {
  return small_network(activation, precision == Precision::bf16 ? 96 : 48, 64);
}

class CudaFused : public testing::TestWithParam<Precision> {};
INSTANTIATE_TEST_SUITE_P(All, CudaFused, testing::Values(Precision::tf32, Precision::bf16),
                         [](const auto& test) { return std::string(to_string(test.param)); });

TEST_P(CudaFused, IsOneStepOfEveryProgramWhereItFitsTheDevice) {
  EXPECT_EQ(count(network("relu"), GetParam(), "convolutions_pool"), Counts(3, 1));
  EXPECT_EQ(count(small_network("relu"), GetParam(), "convolutions_pool"), Counts(3, 0));
  const Graph large = large_network("relu", GetParam());
  EXPECT_EQ(count(large, GetParam(), "convolutions_pool"), Counts(3, 0));
  const OnArchitecture hopper(90);
  EXPECT_EQ(count(large, GetParam(), "convolutions_pool"), Counts(3, 1));
}

TEST_P(CudaFused, IsLeftToTheLibraryThatConvolves) {
  EXPECT_EQ(count(network("relu"), GetParam(), "convolutions_pool", {.conv = Conv::cudnn}),
            Counts(3, 0));
  EXPECT_EQ(count(network("relu"), GetParam(), "convolutions_pool", {.gemm = Gemm::cublas}),
            Counts(3, 1));
}

TEST_P(CudaFused, IsLeftOutForAMeasurement) {
  const OnArchitecture nine(90);
  ASSERT_EQ(setenv("SALTUS_SHARED_BYTES", "0", 1), 0);
  const Counts counts = count(network("elu"), GetParam(), "convolutions_pool");
  ASSERT_EQ(unsetenv("SALTUS_SHARED_BYTES"), 0);
  EXPECT_EQ(counts, Counts(3, 0));
}

TEST(CudaNotFused, IsWhatMultipliesExactly) {
  EXPECT_EQ(count(network("relu"), Precision::fp32, "convolutions_pool"), Counts(3, 0));
}

TEST_P(CudaFused, TrainsTrialsAloneAsBesideOthers) {
  const std::vector<Outcome> together = train_side_by_side(entries(), GetParam());
  ASSERT_EQ(together.size(), entries().size());
  for (std::size_t i = 0; i < together.size(); ++i) {
    EXPECT_EQ(together[i], train_side_by_side({entries()[i]}, GetParam())[0]) << "trial " << i;
    EXPECT_EQ(together[i].figures.at("val_loss").size(), 2U);
    EXPECT_NE(together[i].weights, together[(i + 1) % together.size()].weights);
  }
}

/// A network whose gradients are one step as well, where a block has 163 KiB.
Graph whole_network(const char* activation) {
  return small_network(activation, 32, 64);
}

/// Clipped by all that may be clipped by, beside each other.
std::vector<train::Entry> whole_entries() {
  const Clipping norm{.clipnorm = 0.1};
  const Clipping global_norm{.global_clipnorm = 0.2};
  return {{whole_network("elu"), Adam{}, 1},
          {whole_network("x * atan(exp(x))"), Adam{.learning_rate = 0.01, .clipping = norm}, 2},
          {whole_network("gelu"), SGD{.learning_rate = 0.1, .clipping = global_norm}, 3}};
}

TEST_P(CudaFused, HasItsGradientsInOneStepWhereTheyFitTheDevice) {
  const char* const step = "convolutions_pool_backward";
  EXPECT_EQ(count(whole_network("relu"), GetParam(), step), Counts(3, 0));
  for (const int architecture : {80, 90}) {
    const OnArchitecture large(architecture);
    EXPECT_EQ(count(whole_network("relu"), GetParam(), step), (Counts{1, 0, 0}));
    EXPECT_EQ(count(network("relu"), GetParam(), step), Counts(3, 0));
    EXPECT_EQ(count(whole_network("relu"), GetParam(), step, {.conv = Conv::cudnn}), Counts(3, 0));
    EXPECT_EQ(count(whole_network("relu"), Precision::fp32, step), Counts(3, 0));
  }
}

TEST_P(CudaFused, HasTheGradientsOfATrialAloneAsBesideOthers) {
  const OnArchitecture ampere(80);
  const std::vector<Outcome> together = train_side_by_side(whole_entries(), GetParam());
  ASSERT_EQ(together.size(), whole_entries().size());
  for (std::size_t i = 0; i < together.size(); ++i)
    EXPECT_EQ(together[i], train_side_by_side({whole_entries()[i]}, GetParam())[0]) << i;
}

TEST_P(CudaFused, HasTheSameGradientsInEveryOrderOfThreadsAndStreams) {
  const OnArchitecture ampere(80);
  std::vector<train::Entry> two = whole_entries();
  two.erase(two.begin());
  const std::vector<Outcome> first = train_side_by_side(two, GetParam());
  emulation::set_order({emulation::Order::Kind::shuffle, 1});
  emulation::set_streams({emulation::Streams::Kind::shuffle, 1});
  const std::vector<Outcome> again = train_side_by_side(two, GetParam());
  emulation::set_order({});
  emulation::set_streams({});
  EXPECT_EQ(again, first);
}

/// The weights and biases of both convolutions, before and after one step of gradient descent.
using Tensors = std::vector<std::vector<float>>;
std::pair<Tensors, Tensors> around_a_step(const char* activation, Precision precision) {
  const Images images;
  train::Trainer trainer(backend::cuda(), {{whole_network(activation), SGD{.learning_rate = 1}, 1}},
                         compile_options(precision));
  const auto weights = [&] {
    Tensors tensors;
    for (std::size_t i = 0; i < 4; ++i) tensors.push_back(trainer.get_weight(0, i));
    return tensors;
  };
  const Tensors before = weights();
  trainer.fit(images.samples(),
              {.epochs = 1, .batch_size = static_cast<std::int64_t>(images.classes.size())}, {});
  return {before, weights()};
}

/// Of each tensor |got - want| against |want - before|, in the Euclidean norm. As tf32, the same
/// rounded numbers are multiplied and added up in another order, each sum off by 2^-22 of its
/// terms, in all directions; these are a few times what is left of them. As bf16, the steps one by
/// one store the gradient of what lies between as bf16, and add up gradients of biases from bf16:
/// each term is off by 2^-8 at most, in all directions.
TEST_P(CudaFused, TrainsLikeItsStepsButForRounding) {
  const double tolerance = GetParam() == Precision::tf32 ? 0x1p-17 : 0x1p-8;
  for (const char* activation : {"elu", "sine", "x * atan(exp(x))"}) {
    const auto [before, want] = around_a_step(activation, GetParam());
    const OnArchitecture ampere(80);
    ASSERT_EQ(count(whole_network(activation), GetParam(), "convolutions_pool_backward"),
              (Counts{1, 0, 0}));
    const Tensors got = around_a_step(activation, GetParam()).second;
    for (std::size_t tensor = 0; tensor < got.size(); ++tensor) {
      double error = 0;
      double change = 0;
      for (std::size_t i = 0; i < got[tensor].size(); ++i) {
        error += std::pow(double{got[tensor][i]} - double{want[tensor][i]}, 2);
        change += std::pow(double{want[tensor][i]} - double{before[tensor][i]}, 2);
      }
      EXPECT_GT(change, 0);
      EXPECT_LE(std::sqrt(error), tolerance * std::sqrt(change)) << activation << ", " << tensor;
    }
  }
}

/// Two devices whose tensor cores add alike, of which one has room for the step: it adds up in the
/// order of the steps one by one.
TEST_P(CudaFused, TrainsToTheBitsOfItsSteps) {
  for (const char* activation : {"elu", "sine"}) {
    const std::vector<train::Entry> entry = {
        {large_network(activation, GetParam()), Adam{.learning_rate = 0.01}, 1}};
    const std::vector<Outcome> one_by_one = train_side_by_side(entry, GetParam());
    const OnArchitecture ampere(80);
    ASSERT_EQ(count(entry[0].graph, GetParam(), "convolutions_pool"), Counts(3, 1));
    EXPECT_EQ(train_side_by_side(entry, GetParam()), one_by_one) << activation;
  }
}

TEST_P(CudaFused, IsTheSameInEveryOrderOfThreadsAndStreams) {
  std::vector<train::Entry> three = entries();
  three.resize(3, three.front());
  const std::vector<Outcome> first = train_side_by_side(three, GetParam());
  emulation::set_order({emulation::Order::Kind::shuffle, 1});
  emulation::set_streams({emulation::Streams::Kind::shuffle, 1});
  const std::vector<Outcome> again = train_side_by_side(three, GetParam());
  emulation::set_order({});
  emulation::set_streams({});
  EXPECT_EQ(again, first);
}

}  // namespace
}  // namespace saltus::tests
