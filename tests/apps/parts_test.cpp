// A sweep that several programs train: in parts, with workers, as a job array.
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

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
using testing::IsEmpty;

class Parts : public test::ProgramTest {
 protected:
  /// Four trials of a moment, or of many epochs.
  static std::vector<std::string> sweep(const std::string& out,
                                        const std::vector<std::string>& more,
                                        const char* epochs = "2") {
    std::vector<std::string> arguments = {
        "sweep", "--data", "data", "--activations", "relu,selu", "--seeds",   "2",  "--batch-size",
        "16",    "--out",  out,    "--epochs",      epochs,      "--network", "mlp"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  std::string digest(const std::string& folder) const {
    const json found = json::parse(text(folder + "/results.json")).at("digest");
    return found.is_string() ? found.get<std::string>() : "none";
  }

  /// The processes that train units of a sweep in this test's folder.
  std::vector<pid_t> workers() const {
    std::vector<pid_t> all;
    for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
      std::ifstream stream(process.path() / "cmdline");
      std::ostringstream words;
      words << stream.rdbuf();
      if (words.str().find("--serve") == std::string::npos) continue;
      std::error_code gone;
      if (fs::read_symlink(process.path() / "cwd", gone) == path("").parent_path())
        all.push_back(std::stoi(process.path().filename()));
    }
    return all;
  }

  /// Waits until so many run.
  void await_workers(std::size_t count) const {
    for (int i = 0; i < 3000 && workers().size() != count; ++i) usleep(10'000);
    ASSERT_EQ(workers().size(), count);
  }
};

TEST_F(Parts, MakeTheResultsOfTheWhole) {
  ASSERT_EQ(run(sweep("whole", {})).code, 0);
  const Ended second = run(sweep("shared", {"--part", "2/2"}));
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("2 of 4 trials of the sweep have results"));

  const Ended early = run({"merge", "shared"});
  EXPECT_EQ(early.code, 2);
  EXPECT_THAT(early.err, HasSubstr("2 of 4 trials have no result yet"));
  EXPECT_EQ(run({"merge", "shared", "--partial"}).code, 0);
  EXPECT_EQ(digest("shared"), "none");

  const Ended status = run({"status", "shared"});
  EXPECT_EQ(status.code, 0) << status.err;
  EXPECT_THAT(
      status.out,
      HasSubstr("data: 4 trials of 2 settings\n2 have results: 2 ok, 0 diverged; 2 have none\n"));
  EXPECT_THAT(status.out, testing::ContainsRegex("last written to [0-9]+s ago"));

  // On other threads, and by the file that the first part left.
  const Ended first = run({"sweep", "--config", "shared/sweep.json", "--out", "shared", "--part",
                           "1/2", "--threads", "2"});
  ASSERT_EQ(first.code, 0) << first.err;
  const char* leftover = "shared/trials/.0123456789abcdef.jsonl.17-0.tmp";
  write(leftover, "half a li");
  const Ended merged = run({"merge", "shared"});
  ASSERT_EQ(merged.code, 0) << merged.err;
  EXPECT_FALSE(fs::exists(path(leftover)));
  EXPECT_EQ(digest("shared"), digest("whole"));
  EXPECT_THAT(merged.out, HasSubstr(digest("whole")));
  EXPECT_TRUE(fs::exists(path("shared/accuracy.svg")) && fs::exists(path("shared/report.html")));
  const std::string results = text("shared/results.json");
  const std::string history = text("shared/history.csv");
  ASSERT_EQ(run({"merge", "shared"}).code, 0);
  EXPECT_EQ(text("shared/results.json"), results);
  EXPECT_EQ(text("shared/history.csv"), history);
}

TEST_F(Parts, SkipWhatIsThere) {
  ASSERT_EQ(run(sweep("shared", {"--part", "1/4"})).code, 0);
  const std::map<std::string, std::string> before = files("shared/trials");
  const Ended all = run(sweep("shared", {"--part", "1/1"}));
  ASSERT_EQ(all.code, 0) << all.err;
  const std::map<std::string, std::string> after = files("shared/trials");
  EXPECT_EQ(after.size(), 4u);
  for (const auto& [name, content] : before) EXPECT_EQ(after.at(name), content);
}

TEST_F(Parts, AreAudited) {
  ASSERT_EQ(run(sweep("shared", {"--part", "1/1"})).code, 0);
  const std::vector<std::string> audit =
      sweep("shared", {"--part", "1/1", "--audit", "1", "--threads", "2"});
  const Ended well = run(audit);
  EXPECT_EQ(well.code, 0) << well.err;
  EXPECT_EQ(files("shared/trials").size(), 4u);
  // A machine that computes the last digit of one figure wrongly.
  const std::map<std::string, std::string> trials = files("shared/trials");
  const std::string name = fs::path(trials.begin()->first).filename();
  std::string wrong = trials.begin()->second;
  const std::size_t figure = wrong.find("\"val_loss\":0.") + 13;
  wrong[figure] = wrong[figure] == '1' ? '2' : '1';
  write("shared/trials/" + name, wrong);
  const Ended found = run(audit);
  EXPECT_EQ(found.code, 3);
  EXPECT_THAT(found.err, HasSubstr("not reproducible: another program had other results for " +
                                   name.substr(0, name.find('.'))));
  EXPECT_EQ(files("shared/trials").size(), 5u);
}

TEST_F(Parts, AuditASweepOfOneProgram) {
  ASSERT_EQ(run(sweep("whole", {})).code, 0);
  std::string wrong = text("whole/history.jsonl");
  const std::size_t figure = wrong.find("\"val_loss\":0.") + 13;
  wrong[figure] = wrong[figure] == '1' ? '2' : '1';
  write("whole/history.jsonl", wrong);
  const Ended found = run(sweep("whole", {"--part", "1/1", "--audit", "1"}));
  EXPECT_EQ(found.code, 3) << found.err;
  EXPECT_THAT(run(sweep("whole", {"--part", "1/1"})).out,
              HasSubstr("4 of 4 trials of the sweep have results"));
}

TEST_F(Parts, WorkersTrainAWholeSweep) {
  ASSERT_EQ(run(sweep("whole", {})).code, 0);
  const Ended ended = run(sweep("shared", {"--workers", "2", "--save", "last"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("in 2 programs side by side"));
  EXPECT_EQ(digest("shared"), digest("whole"));
  EXPECT_EQ(files("shared/models").size(), 4u);
  EXPECT_THAT(workers(), IsEmpty());
}

TEST_F(Parts, WorkersTrainUntilItIsDecided) {
  const auto race = [&](const std::string& out, const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"sweep",
                                          "--data",
                                          "data",
                                          "--activations",
                                          "relu,selu,tanh",
                                          "--seeds",
                                          "3",
                                          "--out",
                                          out,
                                          "--epochs",
                                          "2",
                                          "--network",
                                          "mlp",
                                          "--batch-size",
                                          "16",
                                          "--until-decided",
                                          "--max-trials",
                                          "15"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  };
  ASSERT_EQ(race("whole", {}).code, 0);
  const Ended ended = race("shared", {"--workers", "2"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(digest("shared"), digest("whole"));
  // It went through rounds, and trained no trial that it was not to.
  const std::size_t trained = files("shared/trials").size();
  EXPECT_GT(trained, 9u);
  EXPECT_LE(trained, 15u);
  EXPECT_EQ(json::parse(text("shared/results.json")).at("verdict"),
            json::parse(text("whole/results.json")).at("verdict"));
  EXPECT_THAT(run({"status", "shared"}).out, HasSubstr("; 0 have none"));
}

TEST_F(Parts, ServeTrainsWhatStandardInputSays) {
  ASSERT_EQ(run(sweep("other", {"--part", "1/1"})).code, 0);
  std::vector<std::string> ids;
  for (const auto& [file, content] : files("other/trials")) ids.push_back(fs::path(file).stem());
  write("ids", fmt::format("{},{}\n{}\n", ids[0], ids[2], ids[0]));
  const Ended served = run(sweep("shared", {"--serve"}), {}, "exec < ids");
  EXPECT_EQ(served.code, 0) << served.err;
  EXPECT_EQ(served.out, fmt::format("trained {},{}\ntrained {}\n", ids[0], ids[2], ids[0]));
  EXPECT_EQ(files("shared/trials").size(), 2u);
  write("ids", "0123456789abcdef\n");
  const Ended unknown = run(sweep("shared", {"--serve"}), {}, "exec < ids");
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("this sweep has no trial 0123456789abcdef"));
}

TEST_F(Parts, TrialsThatHaveNoRoomSideBySideTrainInHalves) {
  // A trial takes 16 MB at least: a million weights, their gradients and two moments.
  const auto train = [&](const std::string& out, const char* side_by_side, int kilobytes) {
    return run({"sweep",
                "--data",
                "data",
                "--activations",
                "relu,selu",
                "--seeds",
                "4",
                "--network",
                "mlp:depth=2:width=1024",
                "--epochs",
                "1",
                "--batch-size",
                "16",
                "--threads",
                "1",
                "--no-diagnostics",
                "--out",
                out,
                "--part",
                "1/1",
                "--concurrent",
                side_by_side},
               {}, kilobytes > 0 ? fmt::format("ulimit -v {}", kilobytes) : "true");
  };
  const auto merged_digest = [&](const std::string& out) {
    EXPECT_EQ(run({"merge", out}).code, 0);
    return digest(out);
  };
  ASSERT_EQ(train("whole", "1", 0).code, 0);
  constexpr int kMost = 1'000'000;
  int enough = 60'000;
  int last = 75;
  while (enough < kMost) {
    const int code = train(fmt::format("alone{}", enough), "1", enough).code;
    if (code == 0) break;
    last = code;
    enough += 10'000;
  }
  if (enough == kMost) GTEST_SKIP() << "a build whose memory cannot be limited";
  EXPECT_EQ(last, 75) << "where one has no room";
  const Ended halves = train("halves", "8", enough + 40'000);
  EXPECT_EQ(halves.code, 0) << halves.err;
  EXPECT_EQ(merged_digest("halves"), merged_digest("whole"));
}

TEST_F(Parts, AWorkerThatIsKilledIsStartedAgain) {
  ASSERT_EQ(run(sweep("whole", {"--no-diagnostics"}, "800")).code, 0);
  const Running launcher = start(sweep("shared", {"--workers", "2", "--no-diagnostics"}, "800"));
  await_workers(2);
  kill(workers().front(), SIGKILL);
  const Ended ended = launcher.wait();
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("was killed by signal 9: it is started again"));
  EXPECT_EQ(digest("shared"), digest("whole"));
}

TEST_F(Parts, WorkersEndWithTheirLauncher) {
  const Running killed = start(sweep("shared", {"--workers", "2"}, "1000000"));
  await_workers(2);
  killed.send(SIGKILL);
  EXPECT_EQ(killed.wait().code, 1009);
  await_workers(0);

  const Running asked = start(sweep("other", {"--workers", "2"}, "1000000"));
  await_workers(2);
  asked.send(SIGTERM);
  const Ended ended = asked.wait();
  EXPECT_EQ(ended.code, 128 + SIGTERM);
  EXPECT_THAT(ended.err, HasSubstr("interrupted: the same command continues"));
  EXPECT_THAT(workers(), IsEmpty());
}

TEST_F(Parts, AreOfOneSweep) {
  ASSERT_EQ(run(sweep("shared", {"--part", "1/2"})).code, 0);
  const Ended other = run(sweep("shared", {"--part", "2/2", "--learning-rate", "0.1"}));
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("holds another sweep"));
}

TEST_F(Parts, AJobArrayTrainsThem) {
  const Ended emitted = run(sweep("shared", {"--emit", "slurm:2"}));
  ASSERT_EQ(emitted.code, 0) << emitted.err;
  EXPECT_THAT(emitted.out, HasSubstr("#SBATCH --array=1-2\n"));
  write("job.sh", emitted.out);
  const fs::path program = fs::path(SALTUS_PROGRAM).parent_path();
  for (int task = 1; task <= 2; ++task) {
    const std::string command = fmt::format(
        "cd '{}' && PATH='{}':\"$PATH\" SLURM_ARRAY_TASK_ID={} bash job.sh > task.log 2>&1",
        path("").string(), program.string(), task);
    EXPECT_EQ(std::system(command.c_str()), 0) << text("task.log");
  }
  EXPECT_EQ(run({"merge", "shared"}).code, 0);
  EXPECT_NE(digest("shared"), "none");
}

TEST_F(Parts, RefuseWhatDoesNotGoTogether) {
  const auto refusal = [&](const std::vector<std::string>& more, const std::string& out) {
    const Ended ended = run(sweep(out, more));
    EXPECT_EQ(ended.code, 2);
    return ended.err;
  };
  EXPECT_THAT(refusal({"--part", "3"}, "s"), HasSubstr("write it as K/N, such as 3/16"));
  EXPECT_THAT(refusal({"--part", "3/2"}, "s"), HasSubstr("numbered from 1 to 2"));
  EXPECT_THAT(refusal({"--part", "1/2", "--workers", "2"}, "s"), HasSubstr("choose one"));
  EXPECT_THAT(refusal({"--part", "1/2", "--audit", "2"}, "s"), HasSubstr("0 to 1, not 2"));
  EXPECT_THAT(refusal({"--audit", "0.5"}, "s"), HasSubstr("say --part 1/1"));
  EXPECT_THAT(refusal({"--part", "1/2", "--overwrite"}, "s"), HasSubstr("replaces nothing"));
  EXPECT_THAT(refusal({"--part", "1/2", "--quick"}, "s"), HasSubstr("speed of a machine"));
  EXPECT_THAT(refusal({"--workers", "0"}, "s"), HasSubstr("--workers takes 1 to 1024, not 0"));
  EXPECT_THAT(refusal({"--emit", "pbs:3"}, "s"), HasSubstr("write slurm:N"));
  const Ended race = run({"sweep", "--data", "data", "--activations", "relu,selu",
                          "--until-decided", "--part", "1/2", "--out", "s"});
  EXPECT_EQ(race.code, 2);
  EXPECT_THAT(race.err, HasSubstr("has no parts"));
  const Ended nowhere = run({"sweep", "--data", "data", "--activations", "relu", "--workers", "2"});
  EXPECT_EQ(nowhere.code, 2);
  EXPECT_THAT(nowhere.err, HasSubstr("--workers needs --out DIR"));
  EXPECT_FALSE(fs::exists(path("s/trials")));
}

}  // namespace
}  // namespace saltus
