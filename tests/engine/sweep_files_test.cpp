// history.jsonl, and when the files of a sweep are written.
#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/report.h>

#include "core/file.h"
#include "report/sweep_texts.h"
#include "tests/engine/fake_control.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class SweepFiles : public testing::Test {
 protected:
  std::string text(const char* name) const { return read_file(folder_ / name, 1 << 24); }

  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(folder_)) {
      all.push_back(entry.path().filename().string());
    }
    return all;
  }

  /// All that is told of a trial that ends well, or as `result` says.
  void tell(SweepWriter& writer, const TrialSpec& trial, const TrialResult& result,
            std::vector<TrialResult>& all) {
    const CallbackPtr callback = writer.callback(trial);
    for (std::size_t i = 0; i < result.history.epoch.size(); ++i) {
      callback->on_epoch_end(static_cast<int>(i), result.history.logs(i), control_);
    }
    all.push_back(result);
    writer.add(trial, result, all);
  }

  test::FakeControl control_;
  ScratchFolder scratch_{fs::temp_directory_path()};
  const fs::path& folder_ = scratch_.path();
  SweepConfig config_ = test::small_config();
  ImageDataset data_ = test::small_data();
  SweepPlan plan_ = plan_sweep(config_, data_);
};

TEST_F(SweepFiles, NothingChangesBeforeTheFirstStep) {
  std::ofstream(folder_ / "results.json") << "of another sweep";
  {
    const SweepWriter writer(folder_, plan_, {});
    EXPECT_FALSE(fs::exists(folder_ / "sweep.json"));
    EXPECT_EQ(names().size(), 3u);  // two wait
    EXPECT_FALSE(writer.begun());
  }
  EXPECT_THAT(names(), testing::ElementsAre("results.json"));
  SweepWriter writer(folder_, plan_, {});
  writer.callback(plan_.trials[0])->on_batches_end(1, {}, control_);
  EXPECT_TRUE(writer.begun());
  EXPECT_THAT(names(), testing::UnorderedElementsAre("sweep.json", "history.jsonl"));
  EXPECT_EQ(text("history.jsonl"), "{\"format\":\"saltus-history\",\"version\":1}\n");
}

TEST_F(SweepFiles, EpochsAndTrialsComeBack) {
  SweepWriter writer(folder_, plan_, {});
  std::vector<TrialResult> all;
  tell(writer, plan_.trials[0], test::finished(plan_.trials[0], {0.25, 0.5}), all);
  TrialResult wild = test::finished(plan_.trials[1], {0.75});
  wild.status = TrialStatus::diverged;
  wild.divergence = Divergence{.step = 5, .tensor = "dense/kernel"};
  wild.history.history["val_loss"][0] = std::numeric_limits<double>::infinity();
  const Logs epoch = {{"loss", 0.1}, {"val_loss", 0.2}};
  writer.callback(plan_.trials[1])->on_epoch_end(0, epoch, control_);
  EXPECT_EQ(read_history_jsonl(folder_ / "history.jsonl").back().status, TrialStatus::stopped);

  tell(writer, plan_.trials[1], wild, all);  // begun again
  std::vector<TrialResult> back = read_trials(folder_);
  ASSERT_EQ(back.size(), 2u);
  if (back[0].id != plan_.trials[0].id) std::swap(back[0], back[1]);
  EXPECT_EQ(back[0].status, TrialStatus::ok);
  EXPECT_EQ(back[0].seed, plan_.trials[0].seed);
  EXPECT_EQ(back[0].seconds, 1.5);
  EXPECT_EQ(back[0].device, "cpu");
  EXPECT_EQ(back[0].history.epoch, (std::vector<int>{0, 1}));
  EXPECT_EQ(back[0].history.history, all[0].history.history);
  EXPECT_EQ(back[1].status, TrialStatus::diverged);
  EXPECT_EQ(back[1].divergence->tensor, "dense/kernel");
  EXPECT_EQ(back[1].divergence->step, 5);
  EXPECT_TRUE(std::isnan(back[1].history.at("val_loss").at(0)));

  // A run that goes on begins with them.
  const std::string before = text("history.jsonl");
  SweepWriter next(folder_, plan_, back);
  next.callback(plan_.trials[0])->on_batches_end(1, {}, control_);
  EXPECT_EQ(read_trials(folder_).size(), 2u);
  EXPECT_TRUE(fs::exists(folder_ / "results.json"));
}

TEST_F(SweepFiles, EpochsOfAnEarlierRunComeFirst) {
  const TrialSpec& trial = plan_.trials[0];
  control_.epochs = test::finished(trial, {0.25, 0.5}).history;
  SweepWriter writer(folder_, plan_, {});
  const CallbackPtr callback = writer.callback(trial);
  callback->on_train_begin({}, control_);
  callback->on_epoch_end(2, control_.epochs.logs(0), control_);
  const std::vector<TrialResult> back = read_trials(folder_);
  ASSERT_EQ(back.size(), 1u);
  EXPECT_EQ(back[0].history.epoch, (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(back[0].history.at("val_loss"), (std::vector<double>{0.25, 0.5, 0.25}));
}

TEST_F(SweepFiles, TablesAreWrittenForHalfAsManyTrialsMore) {
  config_.seeds = 20;
  plan_ = plan_sweep(config_, data_);
  SweepWriter writer(folder_, plan_, {});
  std::vector<TrialResult> all;
  std::vector<std::size_t> written;
  for (const TrialSpec& trial : plan_.trials) {
    fs::remove(folder_ / "results.json");
    tell(writer, trial, test::finished(trial, {0.25, 0.5}), all);
    if (fs::exists(folder_ / "results.json")) written.push_back(all.size());
  }
  EXPECT_THAT(written, testing::ElementsAre(1, 2, 3, 4, 6, 9, 13, 19, 28));
}

TEST_F(SweepFiles, HistoryIsReadLineByLine) {
  const std::string head = "{\"format\":\"saltus-history\",\"version\":1}\n";
  const auto epoch = [](int number, const char* figures) {
    return R"({"trial":"a","setting":"relu","seed":3,"epoch":)" + std::to_string(number) + "," +
           figures + "}\n";
  };
  const auto end = [](int epochs) {
    return R"({"trial":"a","seed":3,"status":"ok","device":"cpu","seconds":1,"epochs":)" +
           std::to_string(epochs) + "}\n";
  };
  const auto said = [](const std::string& history) -> std::string {
    try {
      parse_history_jsonl(history, "h");
    } catch (const DataError& error) {
      return error.what();
    }
    return "";
  };
  const std::string loss = R"("loss":0.5)";
  const std::string whole = head + epoch(1, loss.c_str()) + epoch(2, R"("loss":null)") + end(2);
  ASSERT_EQ(said(whole), "");
  const std::vector<TrialResult> trials = parse_history_jsonl(whole, "h");
  ASSERT_EQ(trials.size(), 1u);
  EXPECT_EQ(trials[0].history.at("loss").at(0), 0.5);
  EXPECT_TRUE(std::isnan(trials[0].history.at("loss").at(1)));
  // Cut off anywhere behind the first line it is still a history, of fewer trials.
  for (std::size_t size = head.size(); size + 1 < whole.size(); ++size) {
    ASSERT_EQ(said(whole.substr(0, size)), "") << size;
    for (const TrialResult& trial : parse_history_jsonl(whole.substr(0, size), "h")) {
      EXPECT_EQ(trial.status == TrialStatus::ok, size + 1 == whole.size()) << size;
    }
  }
  EXPECT_THAT(said(""), HasSubstr("h, line 1 cannot be understood"));
  EXPECT_THAT(said("{\"format\":\"salt"), HasSubstr("h, line 1 cannot be understood"));
  EXPECT_THAT(said("{\"format\":\"saltus-results\",\"version\":1}\n"), HasSubstr("not of format"));
  EXPECT_THAT(said(head + "{\"trial\":\n" + end(0)), HasSubstr("h, line 2 cannot"));
  EXPECT_THAT(said(head + "\n"), HasSubstr("h, line 2 cannot"));
  EXPECT_THAT(said(head + epoch(2, loss.c_str())), HasSubstr("h, line 2 cannot"));
  EXPECT_THAT(said(head + epoch(1, loss.c_str()) + end(2)),
              HasSubstr("h, line 3 cannot be understood: trial a ends after 2 epochs"));
  EXPECT_THAT(said(head + epoch(1, loss.c_str()) + epoch(2, R"("val_loss":1)")),
              HasSubstr("h, line 3 cannot be understood: loss is not in all epochs"));
  EXPECT_THAT(said(head + epoch(1, R"("loss":"low")")), HasSubstr("h, line 2 cannot"));
}

}  // namespace
}  // namespace saltus
