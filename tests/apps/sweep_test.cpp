// saltus sweep, end to end.
#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"
#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Ended;
using test::Running;
using testing::HasSubstr;

class SweepProgram : public test::ProgramTest {
 protected:
  /// history.csv by lines.
  std::vector<std::string> history() const {
    std::istringstream stream(text("out/history.csv"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  /// id and history of every trial, without what a clock has part in.
  std::map<std::string, json> trials() const {
    std::map<std::string, json> all;
    const json results = json::parse(text("out/results.json"));
    for (const json& setting : results.at("settings")) {
      for (const json& trial : setting.at("trials")) {
        json figures = trial.at("history");
        figures.erase("seconds");
        figures.erase("images_per_second");
        all[trial.at("id").get<std::string>()] = figures;
      }
    }
    return all;
  }
};

TEST_F(SweepProgram, WritesWhatTheDocumentsSay) {
  const Ended ended = run(small_sweep({}, 3), {{"LC_ALL", "C.UTF-8"}});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.out, HasSubstr("6 trials"));
  EXPECT_THAT(ended.out, HasSubstr("rank"));
  EXPECT_THAT(ended.out, HasSubstr("selu"));
  EXPECT_THAT(ended.out, HasSubstr("±"));

  const std::vector<std::string> rows = history();
  ASSERT_EQ(rows.size(), 1u + 6);
  EXPECT_THAT(rows[0], testing::StartsWith("activation,parameters,seed,epoch,loss,"));
  for (const std::string& row : rows) EXPECT_EQ(std::count(row.begin(), row.end(), ','), 22) << row;

  const json sweep = json::parse(text("out/sweep.json"));
  EXPECT_EQ(sweep.at("format"), "saltus-sweep");
  EXPECT_EQ(sweep.at("config").at("activations"), json({"relu", "selu"}));
  EXPECT_EQ(sweep.at("data").at("train").at("images"), 64);
  EXPECT_EQ(sweep.at("data").at("train").at("images_md5").get<std::string>().size(), 32u);
  EXPECT_GE(sweep.at("machine").at("cores").get<int>(), 1);

  const json results = json::parse(text("out/results.json"));
  EXPECT_EQ(results.at("complete"), true);
  ASSERT_EQ(results.at("settings").size(), 2u);
  std::set<int> ranks;
  for (const json& setting : results.at("settings")) {
    EXPECT_EQ(setting.at("status"), "ok");
    ranks.insert(setting.at("rank").get<int>());
    ASSERT_EQ(setting.at("trials").size(), 3u);
    EXPECT_EQ(setting.at("trials").at(1).at("seed"), 1);
    EXPECT_EQ(setting.at("trials").at(0).at("id").get<std::string>().size(), 16u);
    EXPECT_EQ(setting.at("trials").at(0).at("history").at("val_loss").size(), 1u);
    EXPECT_EQ(setting.at("last").at("val_categorical_accuracy").at("n"), 3);
  }
  EXPECT_TRUE(ranks.contains(1));

  for (const char* name : {"accuracy", "loss"}) {
    EXPECT_THAT(text("out/" + std::string(name) + ".svg"), HasSubstr("</svg>"));
    EXPECT_EQ(text("out/" + std::string(name) + ".png").substr(1, 3), "PNG");
  }
  EXPECT_EQ(files("out").size(), 13u);  // and no temporary file
}

TEST_F(SweepProgram, RanksByImagesThatWereHeldBack) {
  const Ended ended =
      run(small_sweep({"--validation-split", "0.25", "--learning-rate", "0.001,0.01"}, 3));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("48 training, 16 validation and 32 test images"));
  for (const char* words : {"validation, %", "test, %", "on new images", "activation at its best",
                            "chosen on the validation"}) {
    EXPECT_THAT(ended.out, HasSubstr(words));
  }
  EXPECT_THAT(text("out/accuracy.svg"), HasSubstr("16 validation and 32 test images"));
  const json results = json::parse(text("out/results.json"));
  EXPECT_EQ(results.at("compared_by"), "test_categorical_accuracy");
  EXPECT_EQ(results.at("activations").size(), 2u);
  EXPECT_EQ(results.at("settings").at(0).at("trials").at(0).at("correct").at("images"), 32);
  EXPECT_EQ(json::parse(text("out/sweep.json")).at("config").at("validation_split"), 0.25);
}

// Until it is known which is best; stopped at the limit, it says what is missing, and a higher one
// goes on from there.
TEST_F(SweepProgram, RunsUntilItKnows) {
  const std::vector<std::string> decide = {"--until-decided", "--error", "0.2", "--max-trials"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> all = decide;
    all.insert(all.end(), more.begin(), more.end());
    return small_sweep(all, 3);
  };
  const Ended limited = run(with({"6"}));
  ASSERT_EQ(limited.code, 0) << limited.err;
  EXPECT_THAT(limited.out, HasSubstr("until decided: 2 settings with 3 seeds at first"));
  EXPECT_THAT(limited.out, HasSubstr("verdict: "));
  EXPECT_THAT(limited.out, HasSubstr("6 trials; the chance that any"));
  EXPECT_EQ(json::parse(text("out/results.json")).at("verdict").at("trials"), 6);

  const Ended more = run(with({"9", "--resume"}));
  ASSERT_EQ(more.code, 0) << more.err;
  EXPECT_THAT(more.out, HasSubstr("6 trials done before"));
  const json verdict = json::parse(text("out/results.json")).at("verdict");
  EXPECT_GE(verdict.at("trials"), verdict.at("decided") ? 6 : 8);

  EXPECT_THAT(run(small_sweep({"--epsilon", "0.1", "--overwrite"})).err,
              HasSubstr("--epsilon belongs to --until-decided"));
}

TEST_F(SweepProgram, SaysWhatIsUnusualAboutTheData) {
  EXPECT_THAT(run(small_sweep()).out,
              testing::Not(testing::AnyOf(HasSubstr("255"), HasSubstr("classes"))));
  // Integers of 16 bits, 0 to 2, with labels from 1.
  for (const auto& [set, count] : {std::pair("train", 6u), std::pair("t10k", 4u)}) {
    std::string values;
    for (std::uint32_t i = 0; i < count * 64; ++i) values += {'\0', static_cast<char>(i % 3)};
    std::string images = test::idx({count, 8, 8}, values);
    images[2] = 0x0b;
    write(std::string("data/") + set + "-images-idx3-ubyte", images);
    write(std::string("data/") + set + "-labels-idx1-ubyte",
          test::idx({count}, std::string("\1\2\1\2\1\2").substr(0, count)));
  }
  const Ended ended = run(small_sweep({"--overwrite"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out,
              HasSubstr("image values are taken as they are, 0 to 2: only unsigned bytes "
                        "are divided by 255\n"));
  EXPECT_THAT(ended.out, HasSubstr("of the 3 classes, labels 0 to 2, 1 have no training image\n"));
}

TEST_F(SweepProgram, RunsAGrid) {
  const Ended ended = run({"sweep", "--data", "data", "--activations", "relu,elu:alpha=0.5",
                           "--learning-rate", "1e-3,1e-4", "--batch-size", "16,32", "--clipvalue",
                           "0.5,none", "--epochs", "1", "--threads", "1", "--out", "out"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(history().size(), 1u + 2 * 2 * 2 * 2);
  EXPECT_THAT(ended.out, HasSubstr("elu:alpha=0.5, lr 0.0001, no clipping, batch 32"));
}

TEST_F(SweepProgram, ResumesAddsAndKeepsWhatIsThere) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  const auto before = trials();
  const Ended added = run(small_sweep({"--resume", "--activations", "relu,selu,elu"}));
  ASSERT_EQ(added.code, 2) << "an option given twice";

  const Ended resumed =
      run({"sweep", "--data", "data", "--activations", "relu,selu,elu", "--seeds", "2", "--epochs",
           "1", "--batch-size", "16", "--threads", "1", "--out", "out", "--resume"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("4 trials done before"));
  const auto after = trials();
  EXPECT_EQ(after.size(), 6u);
  for (const auto& [id, figures] : before) EXPECT_EQ(after.at(id), figures);

  // The digest is that of the same sweep in one go, in another order and with other threads.
  const auto digest_line = [](const std::string& out) {
    const std::size_t begin = out.find("digest of the results: ");
    return begin == std::string::npos ? "none" : out.substr(begin, out.find('\n', begin) - begin);
  };
  const Ended whole =
      run({"sweep", "--data", "data", "--activations", "elu,relu,selu", "--seeds", "2", "--epochs",
           "1", "--batch-size", "16", "--threads", "2", "--concurrent", "2", "--out", "whole"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_NE(digest_line(whole.out), "none");
  EXPECT_EQ(digest_line(whole.out), digest_line(resumed.out));
  EXPECT_EQ("digest of the results: " +
                json::parse(text("whole/results.json")).at("digest").get<std::string>(),
            digest_line(whole.out));

  // What would drop finished trials is refused.
  const auto kept = files("out");
  const Ended smaller = run(small_sweep({"--resume"}));
  EXPECT_EQ(smaller.code, 2);
  EXPECT_THAT(smaller.err, HasSubstr("2 finished trials"));
  EXPECT_EQ(files("out"), kept);
}

TEST_F(SweepProgram, OverwriteReplaces) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  write("out/mine.txt", "not yours");
  const auto before = trials();
  const Ended ended = run({"sweep", "--data", "data", "--activations", "elu", "--epochs", "1",
                           "--threads", "1", "--out", "out", "--overwrite"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(trials().size(), 1u);
  EXPECT_EQ(text("out/mine.txt"), "not yours");
}

TEST_F(SweepProgram, InterruptedItKeepsWhatIsDoneAndGoesOnLater) {
  std::vector<std::string> command = {"sweep",
                                      "--data",
                                      "data",
                                      "--activations",
                                      "relu,elu,selu,tanh,silu,gelu",
                                      "--epochs",
                                      "60",
                                      "--threads",
                                      "1",
                                      "--out",
                                      "out"};
  const Running running = start(command);
  await("out/results.json");  // the first trial is done
  running.send(SIGINT);
  const Ended ended = running.wait();
  EXPECT_EQ(ended.code, 130) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("--resume"));
  const json results = json::parse(text("out/results.json"));
  EXPECT_EQ(results.at("complete"), false);
  EXPECT_EQ(results.at("settings").at(0).at("status"), "ok");
  EXPECT_EQ(results.at("settings").at(5).at("status"), "stopped");
  EXPECT_THAT(text("out/accuracy.svg"), HasSubstr("</svg>"));
  const json first = trials().at(results["settings"][0]["trials"][0]["id"].get<std::string>());

  command.emplace_back("--resume");
  const Ended resumed = run(command);
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  const json whole = json::parse(text("out/results.json"));
  EXPECT_EQ(whole.at("complete"), true);
  EXPECT_EQ(trials().size(), 6u);
  EXPECT_EQ(trials().at(whole["settings"][0]["trials"][0]["id"].get<std::string>()), first);
}

TEST_F(SweepProgram, TerminatedItSaysSo) {
  const Running running = start({"sweep", "--data", "data", "--activations", "relu", "--epochs",
                                 "100000", "--threads", "1", "--out", "out"});
  await("out/sweep.json");
  running.send(SIGTERM);
  EXPECT_EQ(running.wait().code, 143);
  EXPECT_EQ(json::parse(text("out/results.json")).at("complete"), false);
}

TEST_F(SweepProgram, DivergenceIsAResult) {
  const Ended ended = run({"sweep", "--data", "data", "--activations", "relu", "--learning-rate",
                           "1e30,1e-3", "--clipvalue", "none", "--epochs", "1", "--batch-size",
                           "16", "--threads", "1", "--out", "out"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("diverged: "));
  const json results = json::parse(text("out/results.json"));
  EXPECT_EQ(results["settings"][0]["status"], "diverged");
  EXPECT_EQ(results["settings"][0]["rank"], nullptr);
  EXPECT_EQ(results["settings"][1]["rank"], 1);
}

TEST_F(SweepProgram, AFigureThatIsNotFiniteIsADivergence) {
  write_data("tiny", test::random_data());
  const Ended ended =
      run({"sweep", "--data", "tiny", "--epochs", "2", "--batch-size", "64", "--activations",
           "exponential", "--learning-rate", "1e30,1e-3", "--threads", "1", "--out", "out"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("diverged: val_loss was not finite in epoch 1, after 1 step"));
  const json results = json::parse(text("out/results.json"));
  const json& wild = results.at("settings").at(0);
  EXPECT_EQ(wild.at("status"), "diverged");
  EXPECT_EQ(wild.at("rank"), nullptr);
  EXPECT_EQ(wild.at("best_epoch"), nullptr);
  EXPECT_EQ(wild.at("trials").at(0).at("divergence"),
            json({{"epoch", 1}, {"step", 1}, {"tensor", "val_loss"}}));
  EXPECT_EQ(results.at("settings").at(1).at("rank"), 1);
  const std::vector<std::string> rows = history();
  ASSERT_EQ(rows.size(), 1u + 1 + 2);
  EXPECT_THAT(rows[1], testing::AnyOf(HasSubstr(",nan,"), HasSubstr(",inf,")));
  EXPECT_THAT(text("out/history.csv"), testing::Not(HasSubstr("-nan")));
}

TEST_F(SweepProgram, ABatchSizeLargerThanTheDataIsTheWholeData) {
  const auto sweep = [&](const char* batch_size) {
    const Ended ended =
        run({"sweep", "--data", "data", "--activations", "relu", "--epochs", "1", "--batch-size",
             batch_size, "--threads", "1", "--out", "out", "--overwrite"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return trials().begin()->second;
  };
  EXPECT_EQ(sweep("1000000000000"), sweep("64"));
}

TEST_F(SweepProgram, QuickKeepsItsSizeWhenResumed) {
  const std::vector<std::string> command = {"sweep", "--quick",       "--resume", "--data",
                                            "data",  "--activations", "relu",     "--threads",
                                            "1",     "--out",         "out"};
  const Ended first = run(command);
  ASSERT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(first.out, HasSubstr("saltus sweep --out"));  // how to run the whole
  const auto before = trials();
  const Ended second = run(command);
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("3 trials done before"));
  EXPECT_EQ(trials(), before);
}

TEST_F(SweepProgram, WithoutGnuplotResultsAreKept) {
  const std::map<std::string, std::string> no_path = {{"PATH", path("data").string()}};
  const Ended ended = run(small_sweep(), no_path);
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr("gnuplot was not found"));
  EXPECT_THAT(ended.out, HasSubstr("rank"));
  EXPECT_EQ(trials().size(), 4u);
  EXPECT_FALSE(fs::exists(path("out/accuracy.svg")));
  ASSERT_EQ(run(small_sweep({"--resume"})).code, 0);
  EXPECT_TRUE(fs::exists(path("out/accuracy.svg")));
}

TEST_F(SweepProgram, LooksAtLayersUnlessItShallNot) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  const json with = json::parse(text("out/results.json"));
  EXPECT_THAT(text("out/layers.csv"), HasSubstr(",1,conv2d_1,"));
  EXPECT_TRUE(fs::exists(path("out/diagnostics.svg")));
  EXPECT_THAT(text("out/report.html"), HasSubstr("<h2>Layers</h2>"));
  ASSERT_EQ(run(small_sweep({"--no-diagnostics", "--overwrite"})).code, 0);
  const json without = json::parse(text("out/results.json"));
  EXPECT_EQ(with.at("digest"), without.at("digest"));
  const std::string heading = text("out/layers.csv");
  EXPECT_EQ(heading.find('\n') + 1, heading.size());
  EXPECT_FALSE(fs::exists(path("out/diagnostics.svg")));
  EXPECT_THAT(text("out/report.html"), testing::Not(HasSubstr("<h2>Layers</h2>")));
  EXPECT_THAT(text("out/report.html"), HasSubstr("--no-diagnostics"));
}

}  // namespace
}  // namespace saltus
