#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/callbacks.h>
#include <saltus/error.h>

#include "core/file.h"
#include "tests/engine/error_of.h"
#include "tests/engine/fake_control.h"

namespace saltus {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// Notes what is saved.
struct Saves : test::FakeControl {
  void save(const std::filesystem::path& file) override { names.push_back(file.filename()); }
  void save_weights(const std::filesystem::path& file) override {
    names.push_back("weights:" + file.filename().string());
  }

  std::vector<std::string> names;
};

/// Names of the files that are saved in epochs of two batches with these val_loss.
std::vector<std::string> saved(ModelCheckpoint options, const std::vector<double>& losses) {
  const ScratchFolder folder(testing::TempDir());
  options.filepath = (folder.path() / "sub" / options.filepath).string();
  const CallbackPtr callback = options;
  Saves saves;
  callback->on_train_begin(
      {.epochs = 9, .steps_per_epoch = 2, .samples = 2, .figures = {"loss", "val_loss"}}, saves);
  int epoch = 0;
  for (const double loss : losses) {
    callback->on_epoch_begin(epoch, saves);
    for (std::int64_t batch = 0; batch < 2; ++batch) {
      if (callback->wants_batches()) callback->on_train_batch_end(batch, {{"loss", 0.5}}, saves);
      callback->on_batches_end(batch + 1, {{"loss", 0.5}}, saves);
    }
    callback->on_epoch_end(epoch++, {{"loss", 0.25}, {"val_loss", loss}}, saves);
  }
  return saves.names;
}

TEST(ModelCheckpoint, NamesFilesAsKeras) {
  EXPECT_THAT(saved({.filepath = "{epoch:02d}-{val_loss:.2f}"}, {1, 0.125}),
              ElementsAre("01-1.00", "02-0.12"));
  EXPECT_THAT(saved({.filepath = "{{{epoch}}}", .save_weights_only = true}, {1}),
              ElementsAre("weights:{1}"));
}

TEST(ModelCheckpoint, KeepsTheBest) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<double> losses = {kNan, 3, 3, 2, 4, 1};
  EXPECT_THAT(saved({.filepath = "{epoch}", .save_best_only = true}, losses),
              ElementsAre("2", "4", "6"));
  EXPECT_THAT(
      saved({.filepath = "{epoch}", .save_best_only = true, .mode = Direction::max}, losses),
      ElementsAre("2", "5"));
  EXPECT_THAT(
      saved({.filepath = "{epoch}", .save_best_only = true, .initial_value_threshold = 2}, losses),
      ElementsAre("6"));
}

TEST(ModelCheckpoint, SavesEveryFewEpochsOrBatches) {
  EXPECT_THAT(saved({.filepath = "{epoch}", .save_freq = {.epochs = 2}}, {1, 1, 1, 1, 1}),
              ElementsAre("2", "4"));
  EXPECT_THAT(saved({.filepath = "{epoch}-{batch}-{loss}", .save_freq = {.batches = 3}}, {1, 1, 1}),
              ElementsAre("2-1-0.5", "3-2-0.5"));
  EXPECT_THAT(saved({.filepath = "{epoch}-{batch}", .save_freq = {.seconds = 1e-9}}, {1}),
              ElementsAre("1-1", "1-2"));
}

TEST(ModelCheckpoint, RefusesWhatMakesNoSense) {
  const auto refusal = [](const ModelCheckpoint& options) {
    return error_of([&] { saved(options, {}); });
  };
  EXPECT_THAT(refusal({.filepath = "{epoch"}), HasSubstr("a brace without its other"));
  EXPECT_THAT(refusal({.filepath = "a}"}), HasSubstr("a brace without its other"));
  EXPECT_THAT(refusal({.filepath = "{epoch:.2q}"}),
              HasSubstr("has a format of epoch that cannot be"));
  EXPECT_THAT(refusal({.filepath = "{accuracy}"}),
              HasSubstr("takes accuracy, which this training"));
  EXPECT_THAT(refusal({.filepath = "{val_loss}", .save_freq = {.batches = 1}}),
              HasSubstr("takes val_loss, which this training does not give then"));
  EXPECT_THAT(refusal({.filepath = "a", .save_freq = {.epochs = 0}}),
              HasSubstr("save_freq needs one"));
  EXPECT_THAT(refusal({.filepath = "a", .save_freq = {.epochs = 1, .batches = 1}}),
              HasSubstr("save_freq needs one"));
  EXPECT_THAT(refusal({.filepath = "a", .monitor = "speed", .save_best_only = true}),
              HasSubstr("speed"));
  EXPECT_THAT(refusal({.filepath = "a", .save_best_only = true, .save_freq = {.batches = 1}}),
              HasSubstr("at the end of an epoch only"));
}

}  // namespace
}  // namespace saltus
