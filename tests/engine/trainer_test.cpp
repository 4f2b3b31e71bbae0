#include "train/trainer.h"

#include <atomic>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>

#include "fake_backend.h"
#include "small_training.h"
#include "tests/engine/error_of.h"
#include "tests/reference/loss.h"

namespace saltus::train {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing_support::Data;
using testing_support::FakeBackend;
using testing_support::FakeExecutable;
using testing_support::TrainCall;

/// What callbacks were told, in words.
class Recorder : public Callback {
 public:
  void on_train_begin(const FitInfo& given, TrainingControl& /*control*/) override {
    info = given;
    calls.emplace_back("begin");
  }
  void on_epoch_begin(int epoch, TrainingControl& /*control*/) override {
    calls.push_back("epoch " + std::to_string(epoch));
  }
  void on_batches_end(std::int64_t steps_done, const Logs& /*logs*/,
                      TrainingControl& control) override {
    calls.push_back("steps " + std::to_string(steps_done));
    if (on_batches) on_batches(control);
  }
  void on_epoch_end(int epoch, const Logs& /*logs*/, TrainingControl& control) override {
    calls.push_back("end of epoch " + std::to_string(epoch));
    if (on_epoch) on_epoch(epoch, control);
  }
  void on_train_end(TrainingControl& /*control*/) override { calls.emplace_back("end"); }

  FitInfo info;
  std::vector<std::string> calls;
  std::function<void(TrainingControl&)> on_batches;
  std::function<void(int, TrainingControl&)> on_epoch;
};

class TrainerTest : public testing::Test {
 protected:
  explicit TrainerTest(int trials = 2) {
    std::vector<Entry> entries;
    for (int i = 0; i < trials; ++i) {
      entries.push_back({small_graph(), Adam{}, static_cast<std::uint64_t>(100 + i)});
      recorders_.push_back(std::make_shared<Recorder>());
      callbacks_.push_back({recorders_.back()});
    }
    trainer_ = std::make_unique<Trainer>(backend_, std::move(entries), small_options());
    executable_ = backend_.made;
  }

  std::vector<History> fit(const FitOptions& options) {
    return trainer_->fit(data_.samples(), options, callbacks_);
  }

  FakeBackend backend_;
  Data data_;
  std::vector<std::shared_ptr<Recorder>> recorders_;
  std::vector<std::vector<CallbackPtr>> callbacks_;
  std::unique_ptr<Trainer> trainer_;
  FakeExecutable* executable_ = nullptr;
};

/// Batches of each order, checked to come one after another.
std::vector<std::int64_t> batches_by_order(const std::vector<TrainCall>& calls) {
  std::vector<std::int64_t> batches;
  for (const TrainCall& call : calls) {
    if (call.first == 0) batches.push_back(0);
    EXPECT_EQ(batches.back(), call.first);
    batches.back() += call.count;
  }
  return batches;
}

/// A batch in which five outputs are on their right side, and two samples.
const std::array<double, ListedMetrics::kCount> kHits = [] {
  backend::BatchSums sums;
  reference::metric<metrics::BinaryAccuracy>(sums) = 5;
  reference::metric<metrics::CategoricalAccuracy>(sums) = 2;
  return sums.metrics;
}();

TEST_F(TrainerTest, RunsAllBatchesOfAnEpochWithTheRemainder) {
  const auto histories = fit({.epochs = 2, .batch_size = 4});
  EXPECT_THAT(batches_by_order(executable_->train_calls), ElementsAre(3, 3)) << "4 + 4 + 2 samples";
  EXPECT_EQ(executable_->train_calls[0].batch_size, 4);
  EXPECT_TRUE(executable_->train_calls[0].shuffle);
  ASSERT_EQ(histories.size(), 2U);
  EXPECT_THAT(histories[0].epoch, ElementsAre(0, 1));

  const FitInfo& info = recorders_[1]->info;
  EXPECT_EQ(info.epochs, 2);
  EXPECT_EQ(info.steps_per_epoch, 3);
  EXPECT_EQ(info.samples, 10);
  EXPECT_THAT(info.figures, ElementsAre("loss", "binary_accuracy", "categorical_accuracy"));
  EXPECT_THAT(recorders_[0]->calls,
              ElementsAre("begin", "epoch 0", "steps 1", "steps 3", "end of epoch 0", "epoch 1",
                          "steps 3", "end of epoch 1", "end"))
      << "the pace is found with one batch, then an epoch of no time at all is one run";
}

TEST_F(TrainerTest, GivesWholeEpochsWithTheirEvaluationToWhoPrefersThem) {
  executable_->whole_epochs = true;
  fit({.epochs = 3, .batch_size = 4, .validation_data = data_.samples()});
  EXPECT_THAT(batches_by_order(executable_->train_calls), ElementsAre(3, 3, 3));
  EXPECT_EQ(executable_->train_calls.size(), 3U);
  EXPECT_EQ(executable_->evaluations, 3);
  const std::vector<std::string>& words = executable_->words;
  for (auto word = words.begin(); word != words.end(); ++word) {
    if (*word != "train") continue;
    EXPECT_EQ(*std::next(word), "evaluate") << "nothing is asked in between";
  }
}

TEST_F(TrainerTest, ImagesPerSecondAreThoseOfTraining) {
  executable_->seconds = 0.5;
  const auto histories = fit({.epochs = 2, .validation_data = data_.samples()});
  EXPECT_THAT(histories[0].at("images_per_second"), ElementsAre(20, 20)) << "ten in half a second";
}

TEST_F(TrainerTest, EachEpochHasItsOwnOrderAlsoOverSeveralCalls) {
  const auto orders = [&] {
    std::vector<std::uint32_t> found;
    for (const TrainCall& call : std::exchange(executable_->train_calls, {})) {
      if (call.first == 0) found.push_back(call.order);
    }
    return found;
  };
  fit({.epochs = 2});
  EXPECT_THAT(orders(), ElementsAre(0, 1));
  fit({.epochs = 2, .shuffle = false});
  EXPECT_FALSE(executable_->train_calls[0].shuffle);
  EXPECT_THAT(orders(), ElementsAre(2, 3)) << "counting from 0 again is not beginning again";
  const auto histories = fit({.epochs = 6, .initial_epoch = 4});
  EXPECT_THAT(orders(), ElementsAre(4, 5)) << "as one call with six epochs";
  EXPECT_THAT(histories[0].epoch, ElementsAre(4, 5));
}

TEST_F(TrainerTest, FiguresAreMeansWeightedByTheBatchesSizes) {
  executable_->batch_sums = [](int trial, std::uint32_t order, std::int64_t batch) {
    backend::BatchSums sums;
    // Losses of 1, 2 and 6 a sample in batches of 4, 4 and 2: the mean is 2.4, not 3.
    const double losses[] = {4, 8, 12};
    sums.loss = losses[batch] + (trial == 1 ? 10 : 0) + 10.0 * order;
    sums.metrics = kHits;
    return sums;
  };
  const auto histories = fit({.epochs = 2, .batch_size = 4});
  EXPECT_THAT(histories[0].at("loss"), ElementsAre(2.4, 5.4));
  EXPECT_THAT(histories[1].at("loss"), ElementsAre(5.4, 8.4));
  EXPECT_THAT(histories[0].at("binary_accuracy"), ElementsAre(0.75, 0.75))
      << "15 of ten samples times two outputs";
  EXPECT_THAT(histories[0].at("categorical_accuracy"), ElementsAre(0.6, 0.6));
  EXPECT_THAT(histories[0].at("learning_rate"), ElementsAre(1e-3, 1e-3));
  EXPECT_EQ(histories[0].at("seconds").size(), 2U);
  EXPECT_GT(histories[0].at("images_per_second")[0], 0);
  EXPECT_THROW(histories[0].at("val_loss"), InvalidArgument);
}

TEST_F(TrainerTest, FiguresOfAnEvaluationAreWeightedByTheBatchesSizes) {
  executable_->evaluation_sums = [](int trial, std::int64_t batch, std::int64_t) {
    const double losses[] = {4, 8, 12};  // 1, 2 and 6 a sample: the mean is 2.4, not 3
    return backend::BatchSums{.loss = losses[batch] + (trial == 1 ? 10 : 0), .metrics = kHits};
  };
  const auto histories = fit({.epochs = 1, .batch_size = 4, .validation_data = data_.samples()});
  EXPECT_THAT(histories[0].at("val_loss"), ElementsAre(2.4));
  EXPECT_THAT(histories[1].at("val_loss"), ElementsAre(5.4));
  EXPECT_THAT(histories[0].at("val_binary_accuracy"), ElementsAre(0.75));
  EXPECT_THAT(histories[0].at("val_categorical_accuracy"), ElementsAre(0.6));

  const std::vector<Logs> evaluated = trainer_->evaluate(data_.samples(), 4);
  EXPECT_EQ(evaluated[0].at("loss"), 2.4);
  EXPECT_EQ(evaluated[1].at("loss"), 5.4);
  EXPECT_EQ(evaluated[0].at("binary_accuracy"), 0.75);
  EXPECT_EQ(evaluated[0].at("categorical_accuracy"), 0.6);
}

TEST_F(TrainerTest, ClippingIsCountedWhereThereIsAny) {
  for (const Clipping& clipping : {Clipping{0.5, {}, {}}, {{}, 0.5, {}}, {{}, {}, 0.5}}) {
    Trainer clipped(backend_, {{small_graph(), Adam{.clipping = clipping}, 0}}, small_options());
    backend_.made->batch_sums = [](int, std::uint32_t, std::int64_t) {
      return backend::BatchSums{.clipped = 3};
    };
    const auto histories = clipped.fit(data_.samples(), {.batch_size = 4}, {});
    EXPECT_THAT(histories[0].at("clipped"), ElementsAre(9))
        << to_string(Adam{.clipping = clipping});
  }
}

TEST_F(TrainerTest, ValidationSplitHoldsBackTheLastSamples) {
  const auto histories = fit({.validation_split = 0.25});
  const auto inputs_of = [&](int split) {
    return std::get<std::span<const float>>(executable_->bound[split].inputs);
  };
  EXPECT_EQ(executable_->bound[0].count, 7) << "the floor of 7.5";
  EXPECT_EQ(inputs_of(0).data(), data_.inputs.data());
  EXPECT_EQ(inputs_of(0).size(), 21U);
  EXPECT_EQ(executable_->bound[1].count, 3);
  EXPECT_EQ(inputs_of(1).data(), data_.inputs.data() + 21);
  EXPECT_EQ(inputs_of(1).size(), 9U);
  const auto targets = std::get<std::span<const std::uint8_t>>(executable_->bound[1].targets);
  EXPECT_EQ(targets.data(), data_.classes.data() + 7);
  EXPECT_THAT(histories[0].at("val_loss"), ElementsAre(7));
  EXPECT_THAT(recorders_[0]->info.figures,
              ElementsAre("loss", "binary_accuracy", "categorical_accuracy", "val_loss",
                          "val_binary_accuracy", "val_categorical_accuracy"));
}

TEST_F(TrainerTest, ValidationDataWinsOverValidationSplit) {
  const Data other;
  fit({.epochs = 3, .validation_split = 0.25, .validation_data = other.samples()});
  EXPECT_EQ(executable_->bound[0].count, 10);
  EXPECT_EQ(std::get<std::span<const float>>(executable_->bound[1].inputs).data(),
            other.inputs.data());
  EXPECT_EQ(executable_->evaluations, 3);
}

TEST_F(TrainerTest, ATrialThatStopsIsLeftOutAndTheOthersGoOn) {
  recorders_[0]->on_epoch = [](int epoch, TrainingControl& control) {
    if (epoch == 1) control.stop_training();
  };
  const auto histories = fit({.epochs = 4});
  EXPECT_THAT(histories[0].epoch, ElementsAre(0, 1));
  EXPECT_THAT(histories[1].epoch, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(recorders_[0]->calls.back(), "end");
  EXPECT_EQ(std::count(recorders_[0]->calls.begin(), recorders_[0]->calls.end(), "end"), 1);
  EXPECT_FALSE(executable_->is_active(0));

  recorders_[0]->on_epoch = nullptr;
  EXPECT_EQ(fit({.epochs = 2})[0].epoch.size(), 2U) << "the next call takes it in again";
}

TEST_F(TrainerTest, AnEpochRunsNoFurtherOnceAllHaveStopped) {
  for (const auto& recorder : recorders_) {
    recorder->on_epoch = [](int, TrainingControl& control) { control.stop_training(); };
  }
  fit({.epochs = 9});
  EXPECT_THAT(batches_by_order(executable_->train_calls), ElementsAre(1));
}

TEST_F(TrainerTest, ATrialThatDivergesIsNamedAndTheOthersGoOn) {
  executable_->diverges = [](int trial, std::uint32_t order, std::int64_t batch) {
    return trial == 1 && order == 1 && batch == 2;
  };
  const auto histories = fit({.epochs = 3, .batch_size = 4, .validation_data = data_.samples()});
  EXPECT_THAT(histories[0].epoch, ElementsAre(0, 1, 2));
  EXPECT_THAT(histories[1].epoch, ElementsAre(0)) << "the epoch that was not finished has no row";
  EXPECT_FALSE(trainer_->divergence(0));
  ASSERT_TRUE(trainer_->divergence(1));
  EXPECT_EQ(trainer_->divergence(1)->epoch, 1);
  EXPECT_EQ(trainer_->divergence(1)->step, 2);
  EXPECT_EQ(trainer_->divergence(1)->tensor, "dense/kernel");
  EXPECT_EQ(recorders_[1]->calls.back(), "end");

  trainer_->evaluate(data_.samples(), 4);
  EXPECT_TRUE(trainer_->divergence(1)) << "evaluating changes nothing about it";
  executable_->diverges = [](int, std::uint32_t, std::int64_t) { return false; };
  EXPECT_EQ(fit({})[1].epoch.size(), 1U);
  EXPECT_FALSE(trainer_->divergence(1));
}

TEST_F(TrainerTest, ABatchHasNoMoreRowsThanThereAreSamples) {
  constexpr std::int64_t kMany = std::numeric_limits<std::int64_t>::max();
  Data few;
  Samples three = few.samples();
  three.count = 3;
  three.inputs = std::span<const float>(few.inputs).first(9);
  three.targets = std::span<const std::uint8_t>(few.classes).first(3);
  for (const bool whole_epochs : {false, true}) {
    executable_->whole_epochs = whole_epochs;
    executable_->train_calls.clear();
    executable_->asked_rows.clear();
    fit({.batch_size = kMany, .validation_data = three});
    ASSERT_EQ(executable_->train_calls.size(), 1U);
    EXPECT_EQ(executable_->train_calls[0].batch_size, 10);
    EXPECT_EQ(executable_->train_calls[0].count, 1);
    trainer_->evaluate(three, kMany);
    trainer_->predict(0, data_.samples(), kMany);
    trainer_->predict(0, data_.samples(), 4);
    EXPECT_THAT(executable_->asked_rows, ElementsAre(3, 3, 10, 4));
  }
}

TEST_F(TrainerTest, AnInterruptionEndsTheEpochAndKeepsThoseBefore) {
  std::atomic<bool> interrupt = false;
  recorders_[0]->on_epoch = [&](int epoch, TrainingControl&) {
    if (epoch == 0) recorders_[1]->on_batches = [&](TrainingControl&) { interrupt = true; };
  };
  const auto histories = fit(
      {.epochs = 5, .batch_size = 4, .validation_data = data_.samples(), .interrupt = &interrupt});
  EXPECT_THAT(histories[0].epoch, ElementsAre(0));
  EXPECT_THAT(histories[1].epoch, ElementsAre(0));
  EXPECT_EQ(executable_->evaluations, 1);
  EXPECT_EQ(recorders_[0]->calls.back(), "end");

  executable_->train_calls.clear();
  EXPECT_THAT(fit({.interrupt = &interrupt})[0].epoch, ElementsAre());
  EXPECT_TRUE(executable_->train_calls.empty()) << "it was set from the beginning";
}

TEST_F(TrainerTest, AnExceptionOfACallbackLeavesNoFiguresBehind) {
  executable_->whole_epochs = true;  // the evaluation has run when callbacks hear of the batches
  double loss = 1000;
  executable_->evaluation_sums = [&loss](int, std::int64_t, std::int64_t) {
    return backend::BatchSums{.loss = loss};
  };
  recorders_[0]->on_batches = [](TrainingControl&) { throw std::runtime_error("enough"); };
  EXPECT_ANY_THROW(fit({.batch_size = 10, .validation_data = data_.samples()}));
  loss = 20;
  EXPECT_EQ(trainer_->evaluate(data_.samples(), 10)[0].at("loss"), 2) << "20 over ten samples";
}

TEST_F(TrainerTest, LearningRatesAreEachTrialsOwn) {
  recorders_[1]->on_epoch = [](int, TrainingControl& control) {
    control.set_learning_rate(control.learning_rate() / 2);
  };
  const auto histories = fit({.epochs = 2});
  EXPECT_THAT(histories[0].at("learning_rate"), ElementsAre(1e-3, 1e-3));
  EXPECT_THAT(histories[1].at("learning_rate"), ElementsAre(1e-3, 5e-4));
  EXPECT_EQ(executable_->learning_rates.count(0), 0U);
  EXPECT_EQ(executable_->learning_rates.at(1), 2.5e-4);
  EXPECT_THROW(trainer_->set_learning_rate(0, -1), InvalidArgument);
}

TEST_F(TrainerTest, InitialWeightsAreDrawnFromEachTrialsSeed) {
  EXPECT_THAT(executable_->seeds, ElementsAre(100, 101));
  ASSERT_EQ(trainer_->weights().size(), 4U);
  EXPECT_EQ(trainer_->weights()[2].name, "dense_1/kernel");
  std::vector<float> expected(8);
  initialize(initializers::GlorotUniform{}, {4, 2}, 101, 2, expected);
  EXPECT_EQ(trainer_->get_weight(1, 2), expected);
  EXPECT_NE(trainer_->get_weight(0, 2), expected);
  EXPECT_THAT(trainer_->get_weight(1, 3), ElementsAre(0, 0)) << "the bias";
}

TEST_F(TrainerTest, CallbacksReadAndWriteTheWeightsOfTheirTrial) {
  recorders_[1]->on_epoch = [](int, TrainingControl& control) {
    auto weights = control.get_weights();
    weights[3] = {5, 6};
    control.set_weights(weights);
    weights.pop_back();
    EXPECT_THROW(control.set_weights(weights), InvalidArgument);
    weights = {std::vector<float>(12, 9), std::vector<float>(4, 9), std::vector<float>(8, 9), {9}};
    EXPECT_THROW(control.set_weights(weights), InvalidArgument) << "the last is too short";
    EXPECT_THAT(control.get_weights()[1], ElementsAre(0, 0, 0, 0)) << "all or nothing";
  };
  fit({});
  EXPECT_THAT(trainer_->get_weight(1, 3), ElementsAre(5, 6));
  EXPECT_THAT(trainer_->get_weight(0, 3), ElementsAre(0, 0));
  EXPECT_THROW(trainer_->set_weight(0, 3, std::vector<float>(3)), InvalidArgument);
}

TEST_F(TrainerTest, FitReturnsItsOwnEpochsAndFigures) {
  fit({.epochs = 2, .batch_size = 4, .validation_data = data_.samples()});
  std::size_t known = 0;
  recorders_[1]->on_epoch = [&](int, TrainingControl& control) {
    known = control.history().epoch.size();
  };
  const std::vector<History> second = fit({.epochs = 1, .batch_size = 4});
  EXPECT_THAT(second[1].epoch, ElementsAre(0));
  EXPECT_FALSE(second[1].history.contains("val_loss")) << "it has no validation data";
  for (const char* figure : {"loss", "learning_rate", "seconds", "images_per_second"}) {
    EXPECT_EQ(second[1].at(figure).size(), 1U) << figure;
  }
  EXPECT_EQ(known, 3U);
  EXPECT_THAT(trainer_->history(1).epoch, ElementsAre(0, 1, 0));
  EXPECT_TRUE(std::isnan(trainer_->history(1).at("val_loss").at(2)));

  const std::atomic<bool> at_once = true;
  const std::vector<History> none = fit({.epochs = 1, .interrupt = &at_once});
  EXPECT_TRUE(none[0].epoch.empty());
  EXPECT_TRUE(none[0].history.empty());
}

TEST_F(TrainerTest, FitOptionsOutOfRangeAreRefused) {
  EXPECT_THAT(error_of([&] { fit({.epochs = 0}); }), HasSubstr("epochs is 0"));
  EXPECT_THAT(error_of([&] { fit({.initial_epoch = -1}); }), HasSubstr("initial_epoch is -1"));
  EXPECT_THAT(error_of([&] { fit({.batch_size = 0}); }), HasSubstr("batch_size is 0"));
  EXPECT_THAT(error_of([&] { fit({.validation_split = 1}); }), HasSubstr("validation_split is 1"));
  EXPECT_THAT(error_of([&] { fit({.validation_split = 0.95}); }), HasSubstr("none to train on"));
  EXPECT_THAT(error_of([&] { fit({.validation_split = 1e-20}); }),
              HasSubstr("none to validate with"));
}

}  // namespace
}  // namespace saltus::train
