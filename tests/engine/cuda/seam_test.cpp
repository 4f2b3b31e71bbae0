// What the seam promises, of calls that follow each other as the trainer's never do.
#include <functional>
#include <limits>

#include <emulation/control.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "backend/cuda/dataset.h"
#include "tests/engine/cuda/crew.h"
#include "tests/engine/error_of.h"
#include "train/trainer.h"

namespace saltus::tests {
namespace {

using backend::Split;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using Values = std::vector<float>;

/// Samples of two numbers in three classes, in every form that a backend takes.
struct Points {
  std::vector<std::uint8_t> bytes;
  Values floats;
  std::vector<std::uint8_t> classes;
  std::vector<std::int32_t> numbers;
  Values targets;
  Values weights;

  explicit Points(std::size_t count, std::uint64_t seed = 1) {
    reference::Random random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      for (int input = 0; input < 2; ++input) {
        bytes.push_back(static_cast<std::uint8_t>(random.integer(0, 255)));
        floats.push_back(static_cast<float>(random.uniform(-1, 1)));
      }
      numbers.push_back(static_cast<std::int32_t>(random.integer(0, 2)));
      classes.push_back(static_cast<std::uint8_t>(random.integer(0, 2)));
      for (int output = 0; output < 3; ++output)
        targets.push_back(static_cast<float>(random.uniform(0, 1)));
      weights.push_back(static_cast<float>(random.uniform(0.5, 2)));
    }
  }
  Samples samples() const {
    return {.count = static_cast<std::int64_t>(classes.size()),
            .inputs = floats,
            .targets = std::span<const float>(targets)};
  }
};

/// Trials of a dense layer from two inputs to three classes. All weights are zero, and an SGD
/// without momentum remembers nothing else.
class Classifiers {
 public:
  explicit Classifiers(int trials = 1, const backend::Options& options = {.batch_size = kBatch}) {
    Graph graph({2});
    graph.add(layers::Dense{.units = 3});
    graph.add(layers::Softmax{});
    const backend::Trial trial = train::trial_of({graph, SGD{.learning_rate = 0.5}, 1});
    executable_ = backend::cuda().compile(
        std::make_shared<const plan::Plan>(
            plan::make_plan(graph, losses::CategoricalCrossentropy{}, Precision::fp32)),
        std::vector<backend::Trial>(static_cast<std::size_t>(trials), trial), options);
  }
  backend::Executable* operator->() const { return executable_.get(); }

  Values kernel(int trial = 0) const {
    Values values(6);
    executable_->read_weight(trial, 0, values);
    return values;
  }
  void set_weights(float value) const {
    executable_->write_weight(0, 0, Values(6, value));
    executable_->write_weight(0, 1, Values(3, value));
  }

 private:
  std::unique_ptr<backend::Executable> executable_;
};

TEST(CudaSums, LeaveOutTheBatchesThatATrialWasLeftOutOf) {
  const Points points(21);
  const Classifiers two(2);
  for (const Split split : {Split::train, Split::validation}) two->bind(split, points.samples());
  const auto batches = [&](int trial, Split split) { return two->take_sums(trial, split).size(); };
  for (const bool active : {true, false, true}) {
    two->set_active(1, active);
    two->train(0, 0, 3, kBatch, true);
    two->evaluate(Split::validation, kBatch);
    for (const Split split : {Split::train, Split::validation}) {
      EXPECT_EQ(batches(0, split), 3U);
      EXPECT_EQ(batches(1, split), active ? 3U : 0U);
    }
  }
}

TEST(CudaSums, HavePlacesOfTheirOwnThoughMoreCameInBetween) {
  const Points points(40);
  const Classifiers one;
  one->bind(Split::train, points.samples());
  for (const std::int64_t batches : {2, 5, 2}) {
    one->train(0, 0, batches, kBatch, false);
    EXPECT_THAT(one->take_sums(0, Split::train), SizeIs(batches));
  }
}

TEST(CudaPending, IsDoneBeforeWhateverIsAskedNext) {
  const Points points(8);
  const Points others(8, 2);
  using Next = std::function<Values(const Classifiers&)>;
  const std::pair<const char*, Next> calls[] = {
      {"read_weight", [](const Classifiers& one) { return one.kernel(); }},
      {"read_gradient",
       [](const Classifiers& one) {
         Values values(6);
         one->read_gradient(0, 0, values);
         return values;
       }},
      {"predict", [](const Classifiers& one) { return one->predict(0, Split::train, kBatch); }},
      {"write_weight",
       [](const Classifiers& one) {
         one.set_weights(1);
         return one.kernel();
       }},
      {"set_learning_rate",
       [](const Classifiers& one) {
         one->set_learning_rate(0, 0);
         return one.kernel();
       }},
      {"set_active",
       [](const Classifiers& one) {
         one->set_active(0, false);
         return one.kernel();
       }},
      {"bind", [&](const Classifiers& one) {
         one->bind(Split::train, others.samples());
         return one.kernel();
       }}};
  for (const auto& [name, call] : calls) {
    const auto outcome = [&, &next = call](bool wait) {
      const Classifiers one;
      one->bind(Split::train, points.samples());
      one->train(0, 0, 1, kBatch, false);
      if (wait) one->training_seconds();
      return next(one);
    };
    EXPECT_EQ(outcome(false), outcome(true)) << name;
    EXPECT_THAT(outcome(true), Not(Each(0))) << name;
  }
}

TEST(CudaPending, FindsWhatIsNotFiniteIfAskedTo) {
  Points points(8);
  points.floats[3] = std::numeric_limits<float>::infinity();
  for (const bool stop : {true, false}) {
    const Classifiers one(1, {.batch_size = kBatch, .stop_on_nonfinite = stop});
    one->bind(Split::train, points.samples());
    one->train(0, 0, 1, kBatch, false);
    const backend::NonFinite* found = one->non_finite(0);
    EXPECT_EQ(found != nullptr, stop);
    EXPECT_THAT(one.kernel(), stop ? testing::Matcher<Values>(Each(0)) : Not(Each(0)));
    one->set_active(0, true);
    EXPECT_EQ(one->non_finite(0), nullptr) << "activating a trial forgets it";
  }
}

TEST(CudaPending, MakesRoomForTheLargestOfItsBatches) {
  const Points points(40);
  const auto loss = [&](std::int64_t room) {
    const Classifiers one(1, {.batch_size = room});
    for (const Split split : {Split::train, Split::validation}) one->bind(split, points.samples());
    one->evaluate(Split::validation, 40);
    one->train(0, 0, 1, 4, false);
    return one->take_sums(0, Split::validation).at(0).loss;
  };
  EXPECT_EQ(loss(4), loss(40));
}

/// The kernel after a batch of 4, from zero, that comes behind whatever was trained before.
Values kernel_after(const Classifiers& one, const Samples& samples, bool shuffle) {
  one->bind(Split::train, samples);
  one.set_weights(0);
  one->train(0, 0, 1, 4, shuffle);
  return one.kernel();
}

TEST(CudaGraphs, AreOfOneOrderOfSamples) {
  const Points points(9);
  const Classifiers one;
  const Values in_order = kernel_after(one, points.samples(), false);
  const Values shuffled = kernel_after(one, points.samples(), true);
  EXPECT_NE(shuffled, in_order);
  EXPECT_EQ(shuffled, kernel_after(Classifiers(), points.samples(), true));
  EXPECT_EQ(kernel_after(one, points.samples(), false), in_order);
}

TEST(CudaGraphs, SeeSamplesOfAnotherKindOrNumber) {
  const Points points(9);
  const Points more(10);
  const Samples usual = points.samples();
  Samples bytes = usual;
  bytes.inputs = points.bytes;
  Samples classes = usual;
  classes.targets = points.classes;
  Samples numbers = usual;
  numbers.targets = points.numbers;
  Samples weighted = usual;
  weighted.weights = points.weights;
  // From each to each, and back to the usual ones in between.
  const Samples all[] = {usual, bytes, classes, numbers, weighted, more.samples()};
  const Classifiers one;
  for (const Samples& samples : all) {
    const std::ptrdiff_t kind = &samples - std::begin(all);
    EXPECT_EQ(kernel_after(one, samples, true), kernel_after(Classifiers(), samples, true)) << kind;
    EXPECT_EQ(kernel_after(one, usual, true), kernel_after(Classifiers(), usual, true)) << kind;
  }
  EXPECT_EQ(kernel_after(one, classes, true), kernel_after(Classifiers(), classes, true));
  EXPECT_EQ(kernel_after(one, numbers, true), kernel_after(Classifiers(), numbers, true));
}

/// Libraries are told the rows of each batch while a graph is captured.
TEST(CudaGraphs, AreOfTheRowsOfTheirLastBatch) {
  const Points points(21);
  const Libraries libraries = {.gemm = Gemm::cublas};
  const auto kernel_of_two = [&](const Classifiers& one, std::int64_t first) {
    one.set_weights(0);
    one->train(0, first, 2, kBatch, false);
    return one.kernel();
  };
  const auto fresh = [&] {
    Classifiers one(1, {.batch_size = kBatch, .libraries = libraries});
    one->bind(Split::train, points.samples());
    return one;
  };
  for (const std::int64_t first : {0, 1}) {
    const Classifiers one = fresh();
    const Values other = kernel_of_two(one, 1 - first);
    const Values kernel = kernel_of_two(one, first);
    EXPECT_EQ(kernel, kernel_of_two(fresh(), first)) << first;
    EXPECT_NE(kernel, other);
  }
}

TEST(CudaGraphs, DoNotPileUp) {
  const Points points(32);
  const Classifiers one(1, {.batch_size = 1});
  one->bind(Split::train, points.samples());
  std::size_t held = 0;
  for (std::int64_t batches = 32; batches > 0; --batches) {
    one->train(0, 0, batches, 1, false);
    EXPECT_THAT(one->take_sums(0, Split::train), SizeIs(batches));
    if (held == 0) held = emulation::leaks().size();
    EXPECT_LE(emulation::leaks().size(), held + 15)
        << "sixteen graphs, each with its batches' ranges";
  }
}

TEST(CudaFailureInTheMiddle, LeavesRoomToBeMadeLater) {
  const Points points(8);
  using Asked = std::function<Values(const Classifiers&)>;
  const auto predict = [](std::int64_t size) -> Asked {
    return [size](const Classifiers& one) { return one->predict(0, Split::train, size); };
  };
  const auto train = [](std::int64_t batches) -> Asked {
    return [batches](const Classifiers& one) {
      one.set_weights(0);
      one->train(0, 0, batches, 2, false);
      return one.kernel();
    };
  };
  // More rows, and more batches: each call of CUDA fails once.
  for (const auto& [small, large] : {std::pair(predict(2), predict(8)), {train(1), train(4)}}) {
    const auto start = [&] {
      auto one = std::make_unique<Classifiers>(1, backend::Options{.batch_size = 2});
      (*one)->bind(Split::train, points.samples());
      return one;
    };
    const Values of_small = small(*start());
    const Values of_large = large(*start());
    std::uint64_t failures = 0;
    bool reached = true;
    for (std::uint64_t number = 1; reached; ++number) {
      const auto one = start();
      EXPECT_EQ(small(*one), of_small);
      emulation::reset_calls();
      emulation::fail_call(number, cudaErrorUnknown);
      try {
        large(*one);
      } catch (const DeviceError&) {
        ++failures;
      }
      std::uint64_t calls = 0;
      for (const auto& [name, times] : emulation::calls()) calls += times;
      reached = calls >= number;
      emulation::reset_calls();
      EXPECT_EQ(small(*one), of_small) << number;
      EXPECT_EQ(large(*one), of_large) << number;
    }
    EXPECT_GT(failures, 5U);
  }
}

TEST(CudaDataset, SaysWhetherItLiesWhereItLay) {
  const Points points(4);
  cuda::Dataset dataset;
  const cuda::Stream stream = cuda::make_stream();
  const auto same = [&](const Samples& samples) { return dataset.load(samples, stream.get()); };
  const Samples usual = points.samples();
  Samples longer = usual;  // half as many of twice as many numbers
  longer.count = 2;
  Samples untold = usual;
  untold.targets = std::span<const float>();
  Samples weighted = usual;
  weighted.weights = points.weights;
  EXPECT_FALSE(same(usual));
  EXPECT_TRUE(same(usual));
  for (const Samples& other : {longer, untold, weighted}) {
    EXPECT_FALSE(same(other));
    EXPECT_TRUE(same(other));
    EXPECT_FALSE(same(usual));
  }
}

TEST(CudaDataset, GivesBackTheMemoryOfMoreSamples) {
  const Points many(3000);
  const Points few(8);
  const Classifiers one;
  const auto held = [] { return emulation::leaks(); };
  one->bind(Split::train, many.samples());
  EXPECT_THAT(held(), testing::Contains(testing::EndsWith(" of 24000 bytes"))) << "inputs";
  EXPECT_THAT(held(), testing::Contains(testing::EndsWith(" of 36000 bytes"))) << "targets";
  one->bind(Split::train, few.samples());
  EXPECT_THAT(held(), Each(Not(testing::ContainsRegex(" of (24|36)000 bytes"))));
}

/// A dense layer from two inputs to two outputs whose loss is the mean squared error.
std::unique_ptr<backend::Executable> regression() {
  Graph graph({2});
  graph.add(layers::Dense{.units = 2});
  const Clipping clipping{.clipvalue = 0.125};
  return backend::cuda().compile(
      std::make_shared<const plan::Plan>(
          plan::make_plan(graph, losses::MeanSquaredError{}, Precision::fp32)),
      {train::trial_of({graph, SGD{.learning_rate = 1, .clipping = clipping}, 1}),
       train::trial_of({graph, SGD{.learning_rate = 0}, 2})},
      {.batch_size = 2});
}

TEST(CudaGradients, AreThoseOfTheBatchTrainedLastBeforeClipping) {
  const Values inputs = {1, 2, -3, 4, 0, 1};
  const Values targets = {1, -1, 2, 0, 5, 0};
  const Samples samples = {
      .count = 3, .inputs = inputs, .targets = std::span<const float>(targets)};
  const auto two = regression();
  two->bind(Split::train, samples);
  two->write_weight(1, 1, Values{1, 2});
  const auto gradient = [&](int trial, int weight, std::size_t size) {
    Values values(size);
    two->read_gradient(trial, weight, values);
    return values;
  };
  two->train(0, 0, 1, 2, false);
  // db = mean over the rows of y - t, dw = mean of x (y - t): the mean over two outputs takes the
  // square's factor of 2.
  EXPECT_THAT(gradient(0, 0, 4), ElementsAre(2.5, 0.5, -5, 1));
  EXPECT_THAT(gradient(0, 1, 2), ElementsAre(-1.5, 0.5));
  EXPECT_THAT(gradient(1, 0, 4), ElementsAre(1.5, -1.5, -2, 7));
  EXPECT_THAT(gradient(1, 1, 2), ElementsAre(-0.5, 2.5));
  two->predict(1, Split::train, 2);
  EXPECT_THAT(gradient(1, 1, 2), ElementsAre(-0.5, 2.5)) << "predicting leaves them alone";
  two->train(0, 1, 1, 2, false);
  EXPECT_THAT(gradient(1, 1, 2), ElementsAre(-4, 2)) << "the last row alone";
  Values bias(2);
  two->read_weight(0, 1, bias);
  EXPECT_THAT(bias, ElementsAre(0.25, 0)) << "each step clipped to an eighth";
}

TEST(CudaGradients, AreGoneOnceThereIsRoomForMoreRows) {
  const Points points(40);
  const Classifiers one(1, {.batch_size = 4});
  one->bind(Split::train, points.samples());
  Values values(6);
  const auto ask = [&] { one->read_gradient(0, 0, values); };
  EXPECT_THAT(error_of<InvalidArgument>(ask), HasSubstr("no gradients"));
  one->train(0, 0, 1, 4, false);
  ask();
  EXPECT_THAT(values, Not(Each(0)));
  one->predict(0, Split::train, 40);
  EXPECT_THAT(error_of<InvalidArgument>(ask), HasSubstr("no gradients"));
  one->train(0, 0, 1, 4, false);
  const Values before = values;
  ask();
  EXPECT_NE(values, before);
}

TEST(CudaTrialsThatDiverge, AreNamedByTheWeightThoughOthersBeforeItAreNotTrained) {
  Graph graph({1});
  graph.add(layers::BatchNormalization{});
  graph.add(layers::Dense{.units = 1, .use_bias = false}, "good");
  graph.add(layers::Dense{.units = 1}, "bad");
  const Values inputs = {1, -1};
  const Values targets = {0, 0};
  CompileOptions options = compile_options();
  options.loss = losses::MeanSquaredError{};
  options.metrics = {};
  train::Trainer trainer(backend::cuda(), {{graph, SGD{}, 0}}, options);
  // What good reads is 1e20, what comes back to it 1e10 by 1e10; gamma's gradient is 1 again.
  for (std::size_t i = 0; i < trainer.weights().size(); ++i) {
    const std::string& name = trainer.weights()[i].name;
    if (name.ends_with("gamma")) trainer.set_weight(0, i, Values{1e20F});
    if (name == "good/kernel") trainer.set_weight(0, i, Values{1e-20F});
    if (name == "bad/kernel") trainer.set_weight(0, i, Values{1e10F});
  }
  trainer.fit({.count = 2, .inputs = inputs, .targets = targets}, {.batch_size = 2}, {});
  ASSERT_TRUE(trainer.divergence(0));
  EXPECT_EQ(trainer.divergence(0)->tensor, "good/kernel");
}

}  // namespace
}  // namespace saltus::tests
