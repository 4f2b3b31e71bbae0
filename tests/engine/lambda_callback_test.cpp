// Hooks as functions, each batch where one wants it, and evaluation.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/model.h>

namespace saltus {
namespace {

const std::vector<float> kInputs = {1, 2, 3, 4, 5};
const std::vector<float> kTargets = {2, 4, 6, 8, 10};

Samples samples() {
  return {.count = 5, .inputs = kInputs, .targets = std::span<const float>(kTargets)};
}

Model model() {
  Model model = Sequential({1}, {layers::Dense{.units = 1}});
  model.compile({.loss = losses::MeanSquaredError{}, .optimizer = SGD{.learning_rate = 0.01}});
  return model;
}

TEST(LambdaCallback, IsCalledInKerassOrder) {
  std::vector<std::string> heard;
  const auto note = [&](std::string what) { heard.push_back(std::move(what)); };
  const LambdaCallback hooks{
      .on_train_begin = [&](const FitInfo& info,
                            auto&) { note("begin " + std::to_string(info.epochs)); },
      .on_epoch_begin = [&](int epoch, auto&) { note("epoch " + std::to_string(epoch)); },
      .on_train_batch_begin = [&](auto batch, auto&) { note("batch " + std::to_string(batch)); },
      .on_train_batch_end =
          [&](auto batch, const Logs& logs, auto&) {
            note("batch end " + std::to_string(batch) + " " + std::to_string(logs.count("loss")));
          },
      .on_test_begin = [&](auto&) { note("test"); },
      .on_test_end = [&](const Logs& logs,
                         auto&) { note("test end " + std::to_string(logs.count("loss"))); },
      .on_epoch_end =
          [&](int epoch, const Logs& logs, auto&) {
            note("epoch end " + std::to_string(epoch) + " " +
                 std::to_string(logs.count("val_loss")));
          },
      .on_train_end = [&](auto&) { note("end"); }};
  Model trained = model();
  trained.fit(samples(),
              {.epochs = 1, .batch_size = 3, .validation_data = samples(), .callbacks = {hooks}});
  EXPECT_EQ(heard, (std::vector<std::string>{"begin 1", "epoch 0", "batch 0", "batch end 0 1",
                                             "batch 1", "batch end 1 1", "test", "test end 1",
                                             "epoch end 0 1", "end"}));
  heard.clear();
  trained.evaluate(samples(), 2, {hooks});
  EXPECT_EQ(heard, (std::vector<std::string>{"test", "test end 1"}));
}

TEST(LambdaCallback, OfBatchesDoesNotChangeWhatIsLearned) {
  Model with = model();
  Model without = model();
  int batches = 0;
  const LambdaCallback hooks{.on_train_batch_end = [&](auto, const Logs&, auto&) { ++batches; }};
  const History a = with.fit(samples(), {.epochs = 3, .batch_size = 2, .callbacks = {hooks}});
  const History b = without.fit(samples(), {.epochs = 3, .batch_size = 2});
  EXPECT_EQ(batches, 9);
  EXPECT_EQ(with.get_weights("dense/kernel"), without.get_weights("dense/kernel"));
  EXPECT_EQ(a.at("loss"), b.at("loss"));
}

TEST(LambdaCallback, MayChangeTheLearningRateBetweenBatches) {
  Model trained = model();
  std::vector<float> kernels;
  trained.fit(samples(),
              {.batch_size = 1,
               .callbacks = {LambdaCallback{.on_train_batch_begin =
                                                [](auto batch, TrainingControl& control) {
                                                  if (batch == 2) control.set_learning_rate(0);
                                                },
                                            .on_train_batch_end =
                                                [&](auto, const Logs&, TrainingControl& control) {
                                                  kernels.push_back(control.get_weights()[0][0]);
                                                }}}});
  ASSERT_EQ(kernels.size(), 5U);
  EXPECT_NE(kernels[0], kernels[1]);
  EXPECT_EQ(kernels[1], kernels[2]);
  EXPECT_EQ(kernels[2], kernels[4]);
}

}  // namespace
}  // namespace saltus
