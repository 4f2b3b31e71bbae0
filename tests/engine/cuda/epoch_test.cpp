// How the host works with the device: graphs captured once, one wait an epoch, memory that grows.
#include <emulation/control.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backend/cuda/executable.h"
#include "tests/engine/cuda/crew.h"
#include "train/trainer.h"

namespace saltus::tests {
namespace {

using testing::Each;
using testing::Gt;

/// Counts calls of the API from the end of one epoch to the end of the next.
class Counter : public Callback {
 public:
  std::vector<std::map<std::string, std::uint64_t>> epochs;

 private:
  void on_epoch_end(int /*epoch*/, const Logs& /*logs*/, TrainingControl& /*control*/) override {
    epochs.push_back(emulation::calls());
    emulation::reset_calls();
  }
};

TEST(CudaEpoch, IsTwoGraphsAndOneWait) {
  const Images images;
  train::Trainer trainer(backend::cuda(), {six_entries()[0], six_entries()[1]}, compile_options());
  const auto counter = std::make_shared<Counter>();
  const std::vector<std::vector<CallbackPtr>> callbacks = {{counter}, {}};
  emulation::reset_calls();  // those of other tests
  const auto histories = trainer.fit(images.samples(), fit_options(images, 3), callbacks);
  ASSERT_EQ(counter->epochs.size(), 3U);
  EXPECT_EQ(counter->epochs[0]["cudaStreamBeginCapture"], 2U);
  for (std::size_t epoch = 1; epoch < 3; ++epoch) {
    auto& calls = counter->epochs[epoch];
    EXPECT_EQ(calls["cudaGraphLaunch"], 2U) << "training and validation";
    EXPECT_EQ(calls["cudaStreamSynchronize"], 1U);
    for (const char* name :
         {"cudaStreamBeginCapture", "cudaGraphInstantiate", "cudaMalloc", "cudaMallocHost",
          "cudaLaunchKernel", "cudaEventSynchronize", "cudaDeviceSynchronize", "cudaStreamQuery"}) {
      EXPECT_EQ(calls[name], 0U) << name;
    }
  }
  EXPECT_THAT(histories[0].at("images_per_second"), Each(Gt(0)));

  emulation::reset_calls();
  trainer.fit(images.samples(), fit_options(images, 1), {});
  EXPECT_EQ(emulation::calls()["cudaStreamBeginCapture"], 0U)
      << "samples of the same kind and number take the places of those before";
}

TEST(CudaEpoch, OfManyBatchesLaunchesAGraphOverAndOver) {
  constexpr std::size_t kPieces = 3;  // and some batches, of which the last is short
  const Images images(4, (kPieces * cuda::kMostBatchesOfGraph + 4) * 2 + 1);
  const auto executable = [&] {
    const Graph graph = small_network("relu");
    const auto plan = std::make_shared<const plan::Plan>(
        plan::make_plan(graph, losses::BinaryCrossentropy{}, Precision::fp32));
    return backend::cuda().compile(plan, {train::trial_of({graph, Adam{}, 1})}, {.batch_size = 2});
  };
  const auto batches = static_cast<std::int64_t>(images.classes.size() + 1) / 2;
  const auto result = [](backend::Executable& trained) {
    std::vector<double> losses;
    for (const backend::BatchSums& sums : trained.take_sums(0, backend::Split::train))
      losses.push_back(sums.loss);
    std::vector<float> kernel(9 * 3);
    trained.read_weight(0, 0, kernel);
    return std::pair(losses, kernel);
  };
  const Samples samples = images.samples();
  const auto whole = executable();
  whole->bind(backend::Split::train, samples);
  emulation::reset_calls();
  for (std::uint32_t epoch = 0; epoch < 2; ++epoch) whole->train(epoch, 0, batches, 2, true);
  const auto of_whole = result(*whole);
  EXPECT_EQ(emulation::calls()["cudaStreamBeginCapture"], 2U);
  EXPECT_EQ(emulation::calls()["cudaGraphLaunch"], 2 * (kPieces + 1));
  ASSERT_EQ(std::ssize(of_whole.first), 2 * batches);

  const auto one_by_one = executable();
  one_by_one->bind(backend::Split::train, samples);
  for (std::uint32_t epoch = 0; epoch < 2; ++epoch)
    for (std::int64_t batch = 0; batch < batches; ++batch)
      one_by_one->train(epoch, batch, 1, 2, true);
  EXPECT_EQ(result(*one_by_one), of_whole);
}

TEST(CudaEpoch, SeesNewSamplesOfAnySize) {
  const Images first(1);
  const auto outcome = [&](train::Trainer& trainer, const Images& images) {
    const auto histories = trainer.fit(images.samples(), fit_options(images, 1), {});
    return Outcome(trainer, 0, histories[0]);
  };
  for (const std::size_t count : {21U, 30U, 5U}) {
    const Images second(2, count);
    train::Trainer trainer(backend::cuda(), {six_entries()[0]}, compile_options());
    trainer.fit(first.samples(), fit_options(first, 1), {});
    const Outcome one = outcome(trainer, second);

    // The same in an executable that has captured nothing before.
    train::Trainer fresh(backend::cuda(), {six_entries()[0]}, compile_options());
    fresh.fit(first.samples(), fit_options(first, 1), {});
    fresh.predict(0, second.samples(), 100);  // other buffers, and those of a larger batch
    EXPECT_EQ(outcome(fresh, second), one) << count;
  }
}

TEST(CudaBatches, MayBeOfAnySize) {
  const Images images;
  train::Trainer trainer(backend::cuda(), {six_entries()[2]}, compile_options());
  trainer.fit(images.samples(), fit_options(images, 1), {});
  const std::vector<float> weights = all_weights(trainer, 0);
  const std::vector<float> expected = trainer.predict(0, images.samples(), 1);
  ASSERT_EQ(expected.size(), 21U * 3);
  for (const std::int64_t size : {4, 21, 1000}) {
    EXPECT_EQ(trainer.predict(0, images.samples(), size), expected) << size;
  }
  const Images many(3, 200);
  const Logs large = trainer.evaluate(many.samples(), 200)[0];
  const Logs small = trainer.evaluate(many.samples(), kBatch)[0];
  // The same losses of samples, added up in doubles.
  EXPECT_NEAR(large.at("loss"), small.at("loss"), 200 * 0x1p-52 * large.at("loss"));
  EXPECT_EQ(large.at("categorical_accuracy"), small.at("categorical_accuracy"));
  EXPECT_EQ(all_weights(trainer, 0), weights) << "larger buffers leave them as they are";
}

TEST(CudaSums, AreToldApartByTheirSplits) {
  const Images images;
  const Images other(2, 9);
  const Graph graph = small_network("relu");
  const auto plan = std::make_shared<const plan::Plan>(
      plan::make_plan(graph, losses::BinaryCrossentropy{}, Precision::fp32));
  const auto executable =
      backend::cuda().compile(plan, {train::trial_of({graph, Adam{}, 1})}, {.batch_size = kBatch});
  const Samples samples = images.samples();
  const Samples validation = other.samples();
  executable->bind(backend::Split::train, samples);
  executable->bind(backend::Split::validation, validation);
  executable->train(0, 1, 2, kBatch, true);
  executable->evaluate(backend::Split::validation, kBatch);
  executable->train(1, 0, 1, kBatch, true);
  const auto rows = [&](backend::Split split) {
    std::vector<std::int64_t> found;
    for (const backend::BatchSums& sums : executable->take_sums(0, split)) {
      found.push_back(sums.rows);
    }
    return found;
  };
  EXPECT_THAT(rows(backend::Split::validation), testing::ElementsAre(8, 1));
  EXPECT_THAT(rows(backend::Split::train), testing::ElementsAre(8, 5, 8));
  EXPECT_THAT(rows(backend::Split::train), testing::IsEmpty());
  EXPECT_GT(executable->training_seconds(), 0);
  EXPECT_EQ(executable->training_seconds(), 0) << "since it was last asked";
  executable->evaluate(backend::Split::validation, kBatch);
  EXPECT_EQ(executable->training_seconds(), 0) << "evaluating is not training";
}

}  // namespace
}  // namespace saltus::tests
