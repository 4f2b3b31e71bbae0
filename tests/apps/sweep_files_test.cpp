// What saltus sweep leaves on the disk, however it ends.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Ended;
using test::Running;
using testing::HasSubstr;

class SweepFiles : public test::ProgramTest {
 protected:
  /// A sweep that would take minutes, of many short trials or of one that is long.
  static std::vector<std::string> long_sweep(const char* seeds, const char* epochs) {
    return {"sweep",   "--data",    "data",     "--activations", "relu,selu",
            "--seeds", seeds,       "--epochs", epochs,          "--batch-size",
            "16",      "--threads", "1",        "--out",         "out"};
  }

  std::vector<json> lines() const {
    std::vector<json> all;
    std::istringstream stream(text("out/history.jsonl"));
    for (std::string line; std::getline(stream, line);) all.push_back(json::parse(line));
    return all;
  }

  /// The ids of trials that ended well, by history.jsonl.
  std::set<std::string> finished() const {
    std::set<std::string> ids;
    std::istringstream stream(text("out/history.jsonl"));
    for (std::string line; std::getline(stream, line);) {
      const json entry = json::parse(line, nullptr, false);  // the last one may be cut off
      if (!entry.is_discarded() && entry.value("status", "") == "ok") {
        ids.insert(entry.at("trial").get<std::string>());
      }
    }
    return ids;
  }

  /// Waits until so many trials have ended well.
  void await_finished(std::size_t count) const {
    await("out/history.jsonl");
    for (int i = 0; i < 30'000 && finished().size() < count; ++i) usleep(2000);
    ASSERT_GE(finished().size(), count);
  }

  std::size_t leftovers() const {
    std::size_t count = 0;
    for (const auto& [name, content] : files("out")) count += name.ends_with(".tmp") ? 1 : 0;
    return count;
  }
};

TEST_F(SweepFiles, HistoryGrowsLineByLine) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  const std::vector<json> all = lines();
  ASSERT_EQ(all.size(), 1u + 2 * 4);
  EXPECT_EQ(all[0], json({{"format", "saltus-history"}, {"version", 1}}));
  EXPECT_EQ(all[1].at("setting"), "relu");
  EXPECT_EQ(all[1].at("epoch"), 1);
  EXPECT_GT(all[1].at("val_loss").get<double>(), 0);
  EXPECT_EQ(all[2].at("trial"), all[1].at("trial"));
  EXPECT_EQ(all[2].at("status"), "ok");
  EXPECT_EQ(all[2].at("epochs"), 1);
}

TEST_F(SweepFiles, WhatIsRefusedLeavesNothing) {
  EXPECT_EQ(run(small_sweep({"--precision", "tf32"})).code, 2);
  EXPECT_FALSE(fs::exists(path("out")));
  // The folder is made to find out whether it can be, and goes again.
  std::vector<std::string> command = small_sweep();
  command.back() = "a/b/c";
  const Ended full = run(command, {}, "ulimit -f 1");
  EXPECT_EQ(full.code, 1);
  EXPECT_THAT(full.err, HasSubstr("sweep.json"));
  EXPECT_FALSE(fs::exists(path("a")));
  // What is there stays as it is until the first step is done.
  ASSERT_EQ(run(small_sweep()).code, 0);
  const auto before = files("out");
  EXPECT_EQ(run(small_sweep({"--overwrite"}), {}, "ulimit -f 1").code, 1);
  EXPECT_EQ(files("out"), before);
}

TEST_F(SweepFiles, AKillLosesNoFinishedTrial) {
  std::vector<std::string> command = long_sweep("400", "1");
  std::set<std::string> ids;
  for (std::size_t round = 0; round < 4; ++round) {
    const Running running = start(command);
    await_finished(ids.size() + 1 + round);
    running.send(SIGKILL);
    EXPECT_EQ(running.wait().code, 1000 + SIGKILL);
    const std::set<std::string> now = finished();
    EXPECT_GT(now.size(), ids.size());
    for (const std::string& id : ids) EXPECT_TRUE(now.contains(id)) << id;
    ids = now;
    if (round == 0) command.emplace_back("--resume");
  }
  const Running last = start(command);
  await_finished(ids.size() + 1);
  last.send(SIGINT);
  const Ended ended = last.wait();
  EXPECT_EQ(ended.code, 130) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr(std::to_string(ids.size()) + " trials done before"));
  std::set<std::string> written;
  const json results = json::parse(text("out/results.json"));
  for (const json& setting : results.at("settings")) {
    for (const json& trial : setting.at("trials")) written.insert(trial.at("id"));
  }
  for (const std::string& id : ids) EXPECT_TRUE(written.contains(id)) << id;
  EXPECT_EQ(leftovers(), 0u);
}

TEST_F(SweepFiles, ALineThatIsCutOffIsLeftOut) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  const std::string whole = text("out/history.jsonl");
  write("out/history.jsonl", whole.substr(0, whole.size() - 20));
  const Ended again = run(small_sweep({"--resume"}));
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("3 trials done before"));
  EXPECT_EQ(lines().size(), 1u + 2 * 4);

  // In the middle it is no accident.
  write("out/history.jsonl", whole.substr(0, 200) + "\n" + whole.substr(200));
  const auto before = files("out");
  const Ended refused = run(small_sweep({"--resume"}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("out/history.jsonl, line 2 cannot be understood"));
  EXPECT_EQ(files("out"), before);
}

TEST_F(SweepFiles, AFolderOfAnEarlierVersionIsResumed) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  fs::remove(path("out/history.jsonl"));  // that version wrote none
  const Ended again = run(small_sweep({"--resume"}));
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("4 trials done before"));
  EXPECT_EQ(lines().size(), 1u + 2 * 4);
}

TEST_F(SweepFiles, DivergedTrialsAreNotRunAgain) {
  std::vector<std::string> command = {
      "sweep",     "--data",      "data", "--activations", "relu", "--learning-rate",
      "1e30,1e-3", "--clipvalue", "none", "--epochs",      "1",    "--batch-size",
      "16",        "--threads",   "1",    "--out",         "out"};
  ASSERT_EQ(run(command).code, 0);
  const json before = json::parse(text("out/results.json"));
  ASSERT_EQ(before.at("settings").at(0).at("status"), "diverged");
  command.emplace_back("--resume");
  const Ended again = run(command);
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("2 trials done before"));
  // To the last bit of its time.
  EXPECT_EQ(json::parse(text("out/results.json")), before);
}

TEST_F(SweepFiles, LeftoversOfAKilledRunAreCleared) {
  fs::create_directory(path("out"));
  write("out/.results.json.4711-0.tmp", "half");
  write("out/.accuracy.png.1-23.tmp", "half");
  const Ended ended = run(small_sweep());  // nothing else is in the folder
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(files("out").size(), 13u);

  // Only what is surely ours.
  write("out/.results.json.4711-0.tmp", "half");
  write("out/.mine.json.4711-0.tmp", "not yours");
  write("out/results.json.tmp", "not yours");
  fs::create_symlink(path("data"), path("out/.loss.svg.4711-0.tmp"));
  ASSERT_EQ(run(small_sweep({"--resume"})).code, 0);
  EXPECT_EQ(files("out").size(), 15u);
  EXPECT_TRUE(fs::is_symlink(path("out/.loss.svg.4711-0.tmp")));
  EXPECT_FALSE(fs::exists(path("out/.results.json.4711-0.tmp")));
}

TEST_F(SweepFiles, AFolderBelongsToOneRun) {
  const Running running = start(long_sweep("1", "100000"));
  await("out/sweep.json");
  const auto refused = run(small_sweep({"--overwrite"}));
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("is in use"));
  running.send(SIGTERM);
  EXPECT_EQ(running.wait().code, 143);
}

TEST_F(SweepFiles, AnInterruptedSweepShowsWhatWasMeasured) {
  const Running running = start(long_sweep("1", "100000"));
  await("out/history.jsonl");
  for (int i = 0; i < 3000 && text("out/history.jsonl").size() < 8000; ++i) usleep(10'000);
  running.send(SIGINT);
  const Ended ended = running.wait();
  ASSERT_EQ(ended.code, 130) << ended.err;
  const json relu = json::parse(text("out/results.json")).at("settings").at(0);
  EXPECT_EQ(relu.at("rank"), nullptr);
  const json& trial = relu.at("trials").at(0);
  const auto epochs = trial.at("epochs").get<std::size_t>();
  ASSERT_GE(epochs, 2u);
  const auto figures = [&](const char* name) {
    return trial.at("history").at(name).get<std::vector<double>>();
  };
  const auto percent = [](double share) { return fmt::format("{:.2f}", 100 * share); };
  const std::vector<double> accuracy = figures("val_categorical_accuracy");
  const auto best = std::ranges::max_element(accuracy);
  const std::string table = ended.out.substr(ended.out.find("activation "));
  EXPECT_THAT(table, testing::ContainsRegex(fmt::format(
                         "relu +{} +{} +{} in epoch {} +[0-9.]+ [a-z0-9 ]+ stopped: epoch {} of "
                         "100000\n",
                         percent(accuracy.back()), percent(figures("val_binary_accuracy").back()),
                         percent(*best), best - accuracy.begin() + 1, epochs)));
  EXPECT_THAT(table, testing::ContainsRegex("selu +- +- +- +0.0 s +not begun\n"));
  EXPECT_THAT(table, HasSubstr("shows its trial that came furthest"));
}

// A handler's frame would land in the heap: generated code of oneDNN moves the stack pointer there.
TEST_F(SweepFiles, NoHandlerRunsInTheThreadsThatTrain) {
  const Running running = start(long_sweep("1", "100000"));
  await("out/history.jsonl");
  for (const int signal : {SIGINT, SIGTERM, SIGHUP})
    EXPECT_FALSE(running.handles(signal)) << signal;
  running.send(SIGTERM);
  EXPECT_EQ(running.wait().code, 143);
}

TEST_F(SweepFiles, AClosedTerminalEndsItAsSigtermDoes) {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  ASSERT_GE(terminal, 0);
  ASSERT_EQ(grantpt(terminal), 0);
  ASSERT_EQ(unlockpt(terminal), 0);
  const Running running = start(long_sweep("1", "100000"), {}, "true", ptsname(terminal));
  await("out/history.jsonl");
  close(terminal);
  running.send(SIGHUP);  // a shell passes its own on
  EXPECT_EQ(running.wait().code, 129);
  EXPECT_EQ(json::parse(text("out/results.json")).at("complete"), false);
  EXPECT_THAT(text("out/accuracy.svg"), HasSubstr("</svg>"));
  EXPECT_EQ(lines().back().at("status"), "stopped");
}

TEST_F(SweepFiles, BehindNohupAClosedTerminalIsNothing) {
  const Running running = start(small_sweep(), {}, "trap '' HUP");
  await("out/history.jsonl");
  running.send(SIGHUP);
  EXPECT_EQ(running.wait().code, 0);
}

}  // namespace
}  // namespace saltus
