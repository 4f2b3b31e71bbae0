// Products by libraries: the same network as with our kernels, but for the order of sums.
#include <cmath>

#include <emulation/control.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/cuda/compiled.h"
#include "tests/engine/cuda/crew.h"
#include "tests/engine/cuda/stand_ins/stand_ins.h"

namespace saltus::tests {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr Libraries kBoth = {Gemm::cublas, Conv::cudnn};

/// Convolutions with strides, padding that is longer behind than before, and without a bias;
/// dense layers with and without one, on rows; and what may stand between.
Graph network(const char* activation) {
  Graph graph({8, 8, 1});
  graph.add(layers::Conv2D{.filters = 3, .padding = layers::Padding::same});
  graph.add(reference::activation(activation));
  graph.add(layers::Conv2D{
      .filters = 5, .kernel_size = {3, 2}, .strides = {2, 1}, .padding = layers::Padding::same});
  graph.add(reference::activation(activation));
  graph.add(layers::MaxPooling2D{});
  graph.add(layers::Conv2D{.filters = 4, .kernel_size = {2, 3}, .use_bias = false});
  graph.add(layers::Dropout{0.25});
  graph.add(layers::Dense{.units = 6});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 5, .use_bias = false});
  graph.add(reference::activation(activation));
  graph.add(layers::Dense{.units = 3});
  graph.add(layers::Softmax{});
  return graph;
}

/// Small steps: differences of sums do not grow on the way.
std::vector<train::Entry> entries() {
  return {{network("tanh"), SGD{.learning_rate = 0.01}, 1},
          {network("elu"), SGD{.learning_rate = 0.01, .momentum = 0.5}, 2},
          {network("sigmoid"), SGD{.learning_rate = 0.02}, 3}};
}

struct Choice {
  const char* name;
  Libraries libraries;
  Precision precision;
};

void PrintTo(const Choice& choice, std::ostream* out) {
  *out << choice.name;
}

/// How far apart figures and weights may lie, relative to numbers of about 1. Of fp32 only the
/// order of sums differs: sqrt(K) u for K = 640 terms, the longest, the gradients of the first
/// convolution. Of tf32 and bf16 what lies between layers may be rounded to a neighbour, one unit.
double tolerance(Precision precision) {
  switch (precision) {
    case Precision::fp32:
      return 26 * 0x1p-24;
    case Precision::tf32:
      return 0x1p-11;
    default:
      return 0x1p-9;
  }
}

class CudaLibraries : public testing::TestWithParam<Choice> {};

INSTANTIATE_TEST_SUITE_P(
    All, CudaLibraries,
    testing::Values(Choice{"cublas_fp32", {.gemm = Gemm::cublas}, Precision::fp32},
                    Choice{"cudnn_fp32", {.conv = Conv::cudnn}, Precision::fp32},
                    Choice{"both_fp32", kBoth, Precision::fp32},
                    Choice{"both_tf32", kBoth, Precision::tf32},
                    Choice{"both_bf16", kBoth, Precision::bf16}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_P(CudaLibraries, TrainAsOurKernelsDo) {
  const auto& [name, libraries, precision] = GetParam();
  const std::vector<Outcome> ours = train_side_by_side(entries(), precision, {});
  const std::vector<Outcome> theirs = train_side_by_side(entries(), precision, libraries);
  const double bound = tolerance(precision);
  double worst = 0;
  for (std::size_t trial = 0; trial < ours.size(); ++trial) {
    SCOPED_TRACE(trial);
    for (const char* figure : {"loss", "val_loss"}) {
      const auto& want = ours[trial].figures.at(figure);
      const auto& got = theirs[trial].figures.at(figure);
      ASSERT_EQ(got.size(), want.size());
      for (std::size_t epoch = 0; epoch < want.size(); ++epoch) {
        EXPECT_NEAR(got[epoch], want[epoch], bound * want[epoch]) << figure << ' ' << epoch;
        worst = std::max(worst, std::abs(got[epoch] - want[epoch]) / (bound * want[epoch]));
      }
    }
    ASSERT_EQ(theirs[trial].weights.size(), ours[trial].weights.size());
    for (std::size_t i = 0; i < ours[trial].weights.size(); ++i) {
      const double apart = std::abs(double{theirs[trial].weights[i]} - ours[trial].weights[i]);
      EXPECT_LE(apart, bound) << "weight " << i;
      worst = std::max(worst, apart / bound);
    }
    EXPECT_NE(theirs[trial].weights, ours[trial].weights) << "nothing came from the library";
  }
  std::printf("%s: worst ratio %.3f\n", name, worst);
}

TEST_P(CudaLibraries, GiveATrialTheSameBitsAloneAndBesideOthers) {
  const auto& [name, libraries, precision] = GetParam();
  const std::vector<Outcome> together = train_side_by_side(entries(), precision, libraries);
  for (std::size_t i = 0; i < together.size(); ++i)
    EXPECT_EQ(together[i], train_side_by_side({entries()[i]}, precision, libraries)[0])
        << "trial " << i;
}

TEST_P(CudaLibraries, GiveTheSameBitsInEveryOrderOfStreams) {
  const auto& [name, libraries, precision] = GetParam();
  const std::vector<Outcome> first = train_side_by_side(entries(), precision, libraries);
  emulation::set_order({emulation::Order::Kind::reverse});
  emulation::set_streams({emulation::Streams::Kind::lazy});
  const std::vector<Outcome> again = train_side_by_side(entries(), precision, libraries);
  emulation::set_order({});
  emulation::set_streams({});
  EXPECT_EQ(again, first);
}

TEST(CudaLibrariesCalls, AreOneForAllTrialsOfADenseLayerAndOneEachOfAConvolution) {
  const Images images;
  train::Trainer trainer(backend::cuda(), entries(), compile_options(Precision::fp32, kBoth));
  emulation::reset_calls();
  trainer.predict(0, images.samples(), 21);
  EXPECT_EQ(emulation::calls()["cublasLtMatmul"], 3U) << "dense layers";
  EXPECT_EQ(emulation::calls()["cudnnBackendExecute"], 3U) << "convolutions of one trial";
  trainer.evaluate(images.samples(), 21);
  EXPECT_EQ(emulation::calls()["cublasLtMatmul"], 5U) << "but the one that the loss follows";
  EXPECT_EQ(emulation::calls()["cudnnBackendExecute"], 3U + 9U);
}

TEST(CudaLibrariesCalls, AreCapturedWithTheRowsOfTheirBatch) {
  const Images images;
  const Images fewer(1, 19);  // batches of 8, 8, 3 in place of 8, 8, 5
  train::Trainer trainer(backend::cuda(), {entries()[0]}, compile_options(Precision::fp32, kBoth));
  trainer.fit(images.samples(), fit_options(images), {});
  emulation::reset_calls();
  trainer.fit(images.samples(), fit_options(images), {});
  EXPECT_EQ(emulation::calls()["cublasLtMatmul"], 0U) << "graphs are launched again";
  const double ours = [&] {
    train::Trainer own(backend::cuda(), {entries()[0]}, compile_options());
    for (std::size_t i = 0; i < own.weights().size(); ++i)
      own.set_weight(0, i, trainer.get_weight(0, i));
    return own.evaluate(fewer.samples(), kBatch)[0].at("loss");
  }();
  EXPECT_NEAR(trainer.evaluate(fewer.samples(), kBatch)[0].at("loss"), ours,
              tolerance(Precision::fp32) * ours);
}

TEST(CudaLibrariesOfATrialThatDiverges, LeaveItAndTheOthersAlone) {
  const auto train_broken = [](bool broken) {
    const Images images;
    train::Trainer trainer(backend::cuda(), entries(), compile_options(Precision::bf16, kBoth));
    if (broken) {
      std::vector<float> values = trainer.get_weight(1, 0);
      values[1] = std::nanf("");
      trainer.set_weight(1, 0, values);
    }
    const std::vector<float> before = all_weights(trainer, 1);
    const auto histories = trainer.fit(images.samples(), fit_options(images), {});
    if (broken) {
      EXPECT_TRUE(trainer.divergence(1));
      EXPECT_TRUE(histories[1].epoch.empty()) << "it finished no epoch";
      const std::vector<float> after = all_weights(trainer, 1);
      for (std::size_t i = 0; i < after.size(); ++i) {
        EXPECT_TRUE(after[i] == before[i] || std::isnan(before[i])) << i;
      }
    }
    return std::vector{Outcome(trainer, 0, histories[0]), Outcome(trainer, 2, histories[2])};
  };
  EXPECT_EQ(train_broken(true), train_broken(false));
}

/// Not installed, until the test ends.
class Without {
 public:
  explicit Without(const char* library) : library_(library) { set_installed(library, false); }
  ~Without() { set_installed(library_, true); }
  Without(const Without&) = delete;
  Without& operator=(const Without&) = delete;

 private:
  const char* library_;
};

/// What compiling says, which is what checking said before.
std::string error_of(const Libraries& libraries) {
  const CompileOptions options = compile_options(Precision::fp32, libraries);
  const std::vector<train::Entry> one = {entries()[0]};
  const auto said = [](auto work) -> std::string {
    try {
      work();
    } catch (const DeviceError& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  const auto network = train::lower(one[0].graph, options.loss, options.precision);
  std::string checked =
      said([&] { train::Trainer::check(backend::cuda(), *network, one, options, 1); });
  EXPECT_EQ(said([&] { train::Trainer(backend::cuda(), one, options); }), checked);
  return checked;
}

TEST(CudaLibrariesThatAreMissing, AreNamedWithWhatToDo) {
  const Without cublas("libcublasLt.so.13");
  const Without cudnn("libcudnn.so.9");
  EXPECT_THAT(error_of({.gemm = Gemm::cublas}),
              AllOf(HasSubstr("libcublasLt.so.13: not found"), HasSubstr("install"),
                    HasSubstr("leave gemm away")));
  EXPECT_THAT(error_of({.conv = Conv::cudnn}),
              AllOf(HasSubstr("libcudnn.so.9: not found"), HasSubstr("install"),
                    HasSubstr("leave conv away")));
  EXPECT_EQ(error_of({}), "nothing was thrown");
}

TEST(CudaLibrariesThatFail, AreErrorsThatNameTheCall) {
  const std::vector<std::string> held = emulation::leaks();
  Graph graph({3, 3, 1});
  graph.add(layers::Conv2D{.filters = 2, .kernel_size = {2, 2}});
  graph.add(layers::Flatten{});
  graph.add(layers::Dense{.units = 2});
  const std::vector<float> inputs(27, 0.5F);
  const std::vector<float> targets(6, 0.25F);
  const Samples samples{.count = 3, .inputs = inputs, .targets = targets};
  CompileOptions options = compile_options(Precision::fp32, kBoth);
  options.loss = losses::MeanSquaredError{};
  options.metrics = {};
  const auto run = [&] {
    train::Trainer trainer(backend::cuda(), {{graph, SGD{}, 1}}, options);
    trainer.fit(samples, {.batch_size = 2}, {});
  };
  emulation::reset_calls();
  run();
  std::uint64_t total = 0;
  std::uint64_t quiet = 1;  // the wait before everything is given back
  for (const auto& [name, times] : emulation::calls()) {
    total += times;
    const bool gives_back =
        name.find("Destroy") != std::string::npos || name.find("Free") != std::string::npos;
    // What an algorithm or engine cannot do, another may.
    const bool asks = name == "cublasLtMatmulAlgoCheck" || name == "cudnnBackendFinalize";
    if (gives_back || asks) quiet += times;
  }
  ASSERT_GT(total, 500U);
  std::uint64_t silent = 0;
  for (std::uint64_t number = 1; number <= total; number += 5) {
    SCOPED_TRACE(number);
    emulation::fail_call(number, cudaErrorUnknown);
    try {
      run();
      ++silent;
    } catch (const DeviceError& error) {
      EXPECT_THAT(error.what(), testing::ContainsRegex("cu(da|blasLt|dnn)[A-Z]"));
    }
    emulation::reset_calls();
    emulation::reset_errors();
    ASSERT_EQ(emulation::leaks(), held);
  }
  EXPECT_LE(silent, 2 * quiet / 5) << "twice their share of " << total;
}

TEST(CudaSideBySideWithLibraries, LeavesRoomForTheirWorkspace) {
  const plan::Plan plan =
      plan::make_plan(network("relu"), losses::BinaryCrossentropy{}, Precision::fp32);
  emulation::set_capacity(std::size_t{40} << 20);
  const auto side_by_side = [&](const Libraries& libraries) {
    const std::vector<Optimizer> sgd = {SGD{}};
    return backend::cuda().side_by_side(plan, sgd, false,
                                        {.batch_size = 16, .libraries = libraries}, {}, {});
  };
  const int count = side_by_side(kBoth);
  const int ours = side_by_side({});
  emulation::set_capacity(std::size_t{4} << 30);
  EXPECT_LT(count, ours);
  const cuda::Compiled compiled(plan, 0, {}, 1, kBoth);
  const cuda::Layout& layout = compiled.layout();
  EXPECT_GT(layout.shared_bytes, 0);
  EXPECT_EQ(count, ((std::int64_t{40} << 20) / 10 * 9 - layout.shared_bytes) /
                       (layout.state_bytes + layout.scratch_bytes));
}

}  // namespace
}  // namespace saltus::tests
