#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/callbacks.h>
#include <saltus/error.h>

#include "core/file.h"
#include "tests/engine/fake_control.h"

namespace saltus {
namespace {

using test::FakeControl;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// Feeds a callback a figure an epoch, until it stops; epoch number e has weight e.
struct Feed {
  Callback& callback;
  std::string figure = "val_loss";
  FakeControl control = {};
  std::vector<double> rates = {};  ///< after each epoch

  int run(const std::vector<double>& values, int first_epoch = 0) {
    callback.on_train_begin(
        {.epochs = 100, .steps_per_epoch = 1, .samples = 1, .figures = {figure}}, control);
    int epoch = first_epoch;
    for (const double value : values) {
      control.weight = static_cast<float>(epoch);
      callback.on_epoch_end(epoch, {{figure, value}}, control);
      rates.push_back(control.rate);
      if (control.stopped) break;
      ++epoch;
    }
    callback.on_train_end(control);
    return epoch;
  }
};

TEST(EarlyStopping, StopsWhenPatienceIsSpent) {
  EarlyStopping callback({.patience = 2});
  Feed feed{callback};
  feed.run({5, 4, 4, 3.9, 4, 3.95, 1});
  EXPECT_EQ(callback.stopped_epoch(), 5) << "epoch 3 was the best; 4 and 5 were no better";
  EXPECT_EQ(feed.control.weight, 5) << "weights stay those of the last epoch";
}

TEST(EarlyStopping, WithoutPatienceTheFirstEpochThatIsNoBetterStops) {
  EarlyStopping callback;
  Feed feed{callback};
  feed.run({5, 5});
  EXPECT_EQ(callback.stopped_epoch(), 1);
}

TEST(EarlyStopping, NeverStopsInTheVeryFirstEpoch) {
  EarlyStopping callback;
  Feed feed{callback};
  feed.run({kNan});
  EXPECT_FALSE(callback.stopped_epoch()) << "a NaN improves on nothing, but epoch 0 is too early";
  Feed again{callback};
  again.run({kNan, kNan});
  EXPECT_EQ(callback.stopped_epoch(), 1);
}

TEST(EarlyStopping, DirectionFollowsTheName) {
  EarlyStopping rising({.monitor = "val_binary_accuracy"});
  Feed feed{rising, "val_binary_accuracy"};
  feed.run({0.1, 0.2, 0.3, 0.25});
  EXPECT_EQ(rising.stopped_epoch(), 3);

  EarlyStopping falling({.monitor = "val_binary_accuracy", .direction = Direction::min});
  Feed other{falling, "val_binary_accuracy"};
  other.run({0.1, 0.2});
  EXPECT_EQ(falling.stopped_epoch(), 1);
}

TEST(EarlyStopping, SmallChangesAreNoImprovement) {
  EarlyStopping callback({.min_delta = -0.5});  // Keras takes its absolute value
  Feed feed{callback};
  feed.run({5, 4.4, 4.0});
  EXPECT_EQ(callback.stopped_epoch(), 2);
}

TEST(EarlyStopping, OnlyWhatBeatsTheBaselineRestartsPatience) {
  EarlyStopping callback({.patience = 2, .baseline = 3});
  Feed feed{callback};
  feed.run({6, 5, 4, 4.5});
  EXPECT_EQ(callback.stopped_epoch(), 3) << "each but the last was better than before, none than 3";

  EarlyStopping beaten({.patience = 2, .baseline = 3});
  Feed other{beaten};
  other.run({6, 2, 2.5, 2.5});
  EXPECT_EQ(beaten.stopped_epoch(), 3);
}

TEST(EarlyStopping, RestoresTheBestWeightsWhateverEndedTraining) {
  EarlyStopping callback({.patience = 1, .restore_best_weights = true});
  Feed stopped{callback};
  stopped.run({5, 3, 4});
  EXPECT_EQ(stopped.control.weight, 1);

  EarlyStopping patient({.patience = 9, .restore_best_weights = true});
  Feed ended{patient};
  ended.run({5, 3, 4});
  EXPECT_FALSE(patient.stopped_epoch());
  EXPECT_EQ(ended.control.weight, 1);

  Feed hopeless{patient};
  hopeless.run({kNan, kNan});
  EXPECT_EQ(hopeless.control.weight, 0) << "nothing was better, so the first are kept";
}

TEST(EarlyStopping, WaitsForTheEpochToStartFrom) {
  EarlyStopping callback({.start_from_epoch = 3});
  Feed feed{callback};
  feed.run({1, 2, 3, 4, 5});
  EXPECT_EQ(callback.stopped_epoch(), 4) << "epoch 3 is the first to be compared with";
}

TEST(EarlyStopping, RefusesAFigureThatTrainingDoesNotGive) {
  EarlyStopping callback;
  FakeControl control;
  try {
    callback.on_train_begin({.epochs = 1, .figures = {"loss", "binary_accuracy"}}, control);
    FAIL();
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), HasSubstr("EarlyStopping watches val_loss"));
    EXPECT_THAT(error.what(), HasSubstr("loss, binary_accuracy"));
  }
}

TEST(ReduceLROnPlateau, ReducesWhenPatienceIsSpentAndStartsAnew) {
  const CallbackPtr callback = reduce_lr_on_plateau({.factor = 0.5, .patience = 2});
  Feed feed{*callback};
  feed.run({5, 5, 5, 5, 5, 4, 4, 4});
  EXPECT_THAT(feed.rates, ElementsAre(1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125));
}

TEST(ReduceLROnPlateau, SmallChangesAreNoImprovement) {
  const CallbackPtr callback =
      reduce_lr_on_plateau({.factor = 0.5, .patience = 1, .min_delta = 0.1});
  Feed feed{*callback};
  feed.run({5, 4.95, 4.8});
  EXPECT_THAT(feed.rates, ElementsAre(1, 0.5, 0.5));
}

// Keras's rule, by hand: an epoch of cooldown does not count, but the one in which it runs out
// does.
//   epoch           0  1  2  3  4  5  6  7  8  9 10 11 12 13
//   cooldown left            3  2  1  0     3  2  1  0     3
//   waited          0  1  2  3        1  2  3        1  2  3
TEST(ReduceLROnPlateau, CooldownDoesNotCount) {
  const CallbackPtr callback = reduce_lr_on_plateau({.factor = 0.5, .patience = 3, .cooldown = 3});
  Feed feed{*callback};
  feed.run(std::vector<double>(14, 5.0));
  EXPECT_THAT(feed.rates,
              ElementsAre(1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.125));
}

TEST(ReduceLROnPlateau, ACooldownOfOneWaitsNoEpoch) {
  const CallbackPtr callback = reduce_lr_on_plateau({.factor = 0.5, .patience = 1, .cooldown = 1});
  Feed feed{*callback};
  feed.run({5, 5, 5, 5});
  EXPECT_THAT(feed.rates, ElementsAre(1, 0.5, 0.25, 0.125));
}

TEST(ReduceLROnPlateau, ImprovementsInTheCooldownAreTheOnesToBeat) {
  const CallbackPtr callback = reduce_lr_on_plateau({.factor = 0.5, .patience = 1, .cooldown = 2});
  Feed feed{*callback};
  feed.run({5, 5, 4, 4.5});
  EXPECT_THAT(feed.rates, ElementsAre(1, 0.5, 0.5, 0.25));
}

TEST(ReduceLROnPlateau, KeepsToTheLowestRate) {
  const CallbackPtr callback = reduce_lr_on_plateau({.factor = 0.1, .patience = 1, .min_lr = 0.05});
  Feed feed{*callback};
  feed.run({5, 5, 5, 5});
  EXPECT_THAT(feed.rates, ElementsAre(1, 0.1, 0.05, 0.05));
}

TEST(ReduceLROnPlateau, RisingFigures) {
  const CallbackPtr callback =
      reduce_lr_on_plateau({.monitor = "binary_accuracy", .factor = 0.5, .patience = 1});
  Feed feed{*callback, "binary_accuracy"};
  feed.run({0.1, 0.2, 0.2});
  EXPECT_THAT(feed.rates, ElementsAre(1, 1, 0.5));
}

TEST(ReduceLROnPlateau, RefusesAFactorThatReducesNothing) {
  EXPECT_THROW(reduce_lr_on_plateau({.factor = 1}), InvalidArgument);
  EXPECT_THROW(reduce_lr_on_plateau({.factor = kNan}), InvalidArgument);
}

TEST(JsonLinesLogger, WritesAnObjectAnEpoch) {
  const ScratchFolder scratch(std::filesystem::temp_directory_path());
  const std::filesystem::path file = scratch.path() / "log.jsonl";
  const auto text = [&] {
    std::ifstream stream(file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  FakeControl control;
  for (const bool append : {false, true}) {
    const CallbackPtr callback = json_lines_logger(file, append);
    callback->on_train_begin({}, control);
    callback->on_epoch_end(append ? 1 : 0, {{"val_loss", 0.1}, {"loss", append ? kNan : 2.5}},
                           control);
    callback->on_train_end(control);
  }
  EXPECT_EQ(text(),
            "{\"epoch\":0,\"loss\":2.5,\"val_loss\":0.1}\n"
            "{\"epoch\":1,\"loss\":null,\"val_loss\":0.1}\n");
  json_lines_logger(file)->on_train_begin({}, control);
  EXPECT_EQ(text(), "") << "begun anew";
}

TEST(TensorBoard, HasAFileForTrainingAndOneForValidation) {
  const ScratchFolder scratch(std::filesystem::temp_directory_path());
  const auto files = [&](const char* folder) {
    std::vector<std::string> names;
    const std::filesystem::path path = scratch.path() / "logs" / folder;
    if (!std::filesystem::exists(path)) return names;
    for (const auto& file : std::filesystem::directory_iterator(path))
      names.push_back(file.path().filename());
    return names;
  };
  const CallbackPtr callback = TensorBoard{.log_dir = scratch.path() / "logs"};
  FakeControl control;
  callback->on_train_begin({}, control);
  callback->on_epoch_end(0, {{"loss", 2.5}}, control);
  EXPECT_THAT(files("validation"), testing::IsEmpty()) << "there is nothing for it";
  callback->on_epoch_end(1, {{"loss", 2.5}, {"val_loss", 0.1}}, control);
  callback->on_train_end(control);
  EXPECT_THAT(files("train"), testing::ElementsAre(testing::StartsWith("events.out.tfevents.")));
  EXPECT_THAT(files("validation"), testing::SizeIs(1));
  callback->on_train_begin({}, control);
  EXPECT_THAT(files("train"), testing::SizeIs(2)) << "another training has a file of its own";
}

class CsvLogger : public testing::Test {
 public:
 protected:
  void log(bool append, int epoch, const Logs& logs) {
    const CallbackPtr callback = csv_logger(file_, append);
    FakeControl control;
    callback->on_train_begin({}, control);
    callback->on_epoch_end(epoch, logs, control);
    callback->on_train_end(control);
  }
  std::string text() const {
    std::ifstream stream(file_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  ScratchFolder scratch_{std::filesystem::temp_directory_path()};
  std::filesystem::path file_ = scratch_.path() / "log.csv";
};

TEST_F(CsvLogger, WritesARowAnEpochUnderAHeader) {
  const CallbackPtr callback = csv_logger(file_);
  FakeControl control;
  callback->on_train_begin({}, control);
  callback->on_epoch_end(0, {{"val_loss", 0.1}, {"loss", 1.0 / 3}}, control);
  EXPECT_EQ(text(), "epoch,loss,val_loss\n0,0.3333333333333333,0.1\n") << "written at once";
  callback->on_epoch_end(1, {{"val_loss", 1e-9}, {"loss", -kNan}}, control);
  callback->on_train_end(control);
  EXPECT_EQ(text(), "epoch,loss,val_loss\n0,0.3333333333333333,0.1\n1,nan,1e-09\n")
      << "a NaN has no sign to be written";
}

TEST_F(CsvLogger, AppendsOrStartsAnew) {
  log(true, 0, {{"loss", 3}});
  log(true, 1, {{"loss", 2}});
  EXPECT_EQ(text(), "epoch,loss\n0,3\n1,2\n");
  log(false, 0, {{"loss", 9}});
  EXPECT_EQ(text(), "epoch,loss\n0,9\n");
  EXPECT_THROW(log(true, 1, {{"accuracy", 2}}), DataError) << "other columns";
  EXPECT_EQ(text(), "epoch,loss\n0,9\n");
}

TEST_F(CsvLogger, SaysWhereItCannotWrite) {
  file_ = scratch_.path() / "missing" / "log.csv";
  EXPECT_THROW(log(false, 0, {{"loss", 1}}), DataError);
}

Logs epoch_logs() {
  return {{"loss", 0.03125},         {"binary_accuracy", 0.99}, {"clipped", 12},
          {"val_loss", 2e-5},        {"seconds", 12.34},        {"learning_rate", 1e-3},
          {"images_per_second", 5e3}};
}

void train_one_epoch(Callback& callback) {
  FakeControl control;
  callback.on_train_begin({.epochs = 20,
                           .steps_per_epoch = 2,
                           .samples = 64,
                           .figures = {"loss", "binary_accuracy", "clipped", "val_loss"}},
                          control);
  callback.on_epoch_begin(2, control);
  callback.on_batches_end(1, {{"loss", 0.5}, {"binary_accuracy", 0.25}, {"clipped", 3}}, control);
  callback.on_epoch_end(2, epoch_logs(), control);
  callback.on_train_end(control);
}

TEST(ProgressBarCallback, WritesALineAnEpochWhereNothingCanBeRedrawn) {
  std::ostringstream stream;
  train_one_epoch(*progress_bar(stream, false));
  EXPECT_EQ(stream.str(),
            "Epoch 3/20 - 12.3s - loss: 0.0312 - binary_accuracy: 0.9900 - clipped: 12 - "
            "val_loss: 2.0000e-05\n");
}

TEST(ProgressBarCallback, WritesNoSignOfANan) {
  std::ostringstream stream;
  FakeControl control;
  const CallbackPtr callback = progress_bar(stream, false);
  callback->on_train_begin({.epochs = 1, .figures = {"loss"}}, control);
  callback->on_epoch_end(0, {{"loss", -kNan}, {"seconds", 0}}, control);
  EXPECT_THAT(stream.str(), HasSubstr("loss: nan"));
}

TEST(ProgressBarCallback, RedrawsABarInPlace) {
  std::ostringstream stream;
  train_one_epoch(*progress_bar(stream, true));
  EXPECT_THAT(stream.str(), HasSubstr("\rEpoch 3/20  0/2  "));
  EXPECT_THAT(stream.str(), HasSubstr("loss: 0.0312  binary_accuracy: 0.9900"));
  const std::string text = stream.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
}

TEST(ProgressBarCallback, EndsItsLineWhereAnEpochIsNotFinished) {
  std::ostringstream stream;
  const CallbackPtr callback = progress_bar(stream, true);
  FakeControl control;
  callback->on_train_begin({.epochs = 1, .steps_per_epoch = 2}, control);
  callback->on_epoch_begin(0, control);
  callback->on_train_end(control);
  EXPECT_EQ(stream.str().back(), '\n');
}

}  // namespace
}  // namespace saltus
