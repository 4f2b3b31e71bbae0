// saltus sweep --config: a sweep by the sweep.json of an earlier one.
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using test::Ended;
using testing::HasSubstr;

class SweepConfigFile : public test::ProgramTest {
 protected:
  /// A sweep of which no option has its default.
  static std::vector<std::string> unusual_sweep(const std::vector<std::string>& clipping) {
    std::vector<std::string> command = {"sweep",
                                        "--data",
                                        "data",
                                        "--activations",
                                        "relu,elu:alpha=0.2",
                                        "--initializer",
                                        "recipe,orthogonal:gain=2",
                                        "--batch-norm",
                                        "yes,no",
                                        "--dropout",
                                        "0.1",
                                        "--early-stopping",
                                        "patience=1:monitor=loss",
                                        "--optimizer",
                                        "sgd:momentum=0.5:nesterov=true",
                                        "--learning-rate",
                                        "0.1,1e-7",
                                        "--schedule",
                                        "constant,cosine_decay:alpha=0.1",
                                        "--ema-momentum",
                                        "0.999",
                                        "--epochs",
                                        "1,2",
                                        "--batch-size",
                                        "8,16",
                                        "--seeds",
                                        "2",
                                        "--seed",
                                        "12345678901234567890",
                                        "--recipe",
                                        "matched",
                                        "--loss",
                                        "categorical_crossentropy",
                                        "--train-limit",
                                        "40",
                                        "--test-limit",
                                        "20",
                                        "--device",
                                        "cpu",
                                        "--threads",
                                        "1",
                                        "--no-diagnostics",
                                        "--out",
                                        "out"};
    command.insert(command.end(), clipping.begin(), clipping.end());
    return command;
  }

  json sweep_of(const std::string& folder) const {
    return json::parse(text(folder + "/sweep.json"));
  }

  /// history.csv without the columns of a clock.
  std::vector<std::string> history_of(const std::string& folder) const {
    std::vector<std::string> rows;
    std::istringstream lines(text(folder + "/history.csv"));
    for (std::string line; std::getline(lines, line);) {
      std::istringstream cells(line);
      std::string row;
      std::size_t column = 0;
      for (std::string cell; std::getline(cells, cell, ','); ++column) {
        if (column != 10 && column != 11) row += cell + ',';  // seconds, images_per_second
      }
      rows.push_back(row);
    }
    return rows;
  }

  Ended again(const std::vector<std::string>& more = {}, const std::string& out = "out2") {
    std::vector<std::string> command = {"sweep", "--config", "out/sweep.json", "--out", out};
    command.insert(command.end(), more.begin(), more.end());
    return run(command);
  }
};

TEST_F(SweepConfigFile, GivesBackEveryOption) {
  ASSERT_EQ(run(unusual_sweep({"--clipnorm", "none,2"})).code, 0);
  const Ended ended = again();
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(sweep_of("out2").at("config"), sweep_of("out").at("config"));
  EXPECT_EQ(sweep_of("out2").at("data"), sweep_of("out").at("data"));
  EXPECT_EQ(history_of("out2"), history_of("out"));
  EXPECT_EQ(history_of("out2").size(), 1u + 2 * 2 * 2 * 2 * 2 * 2 * 2 * 2 * (1 + 2));
}

TEST_F(SweepConfigFile, WhatIsTypedWins) {
  ASSERT_EQ(run(small_sweep({"--train-limit", "40", "--clipvalue", "0.25"})).code, 0);
  const json before = sweep_of("out").at("config");
  // Every option, each beside others that are not typed; also where that is a default.
  const struct {
    std::vector<std::string> typed;
    json changes;
  } rows[] = {
      {{"--activations", "elu", "--batch-size", "8", "--recipe", "matched", "--clipvalue", "none",
        "--seed", "9"},
       {{"activations", {"elu"}},
        {"batch_sizes", {8}},
        {"recipe", "matched"},
        {"clippings", json::array({json::object()})},
        {"seed", 9}}},
      {{"--epochs",        "2",
        "--initializer",   "he_normal",
        "--optimizer",     "sgd:momentum=0.5",
        "--schedule",      "one_cycle",
        "--learning-rate", "0.5",
        "--loss",          "categorical_crossentropy",
        "--train-limit",   "32",
        "--clipnorm",      "3",
        "--batch-norm",    "yes",
        "--dropout",       "0,network",
        "--ema-momentum",  "none,0.9"},
       {{"epochs", {2}},
        {"initializers", {"he_normal"}},
        {"batch_norms", {true}},
        {"dropouts", {0.0, nullptr}},
        {"optimizers", {"sgd:momentum=0.5"}},
        {"schedules", {"one_cycle"}},
        {"ema_momenta", {0.0, 0.9}},
        {"learning_rates", {0.5}},
        {"loss", "categorical_crossentropy"},
        {"train_limit", 32},
        {"clippings", json::array({{{"clipnorm", 3.0}}})}}},
      {{"--seeds", "1", "--test-limit", "16", "--threads", "2", "--global-clipnorm", "3"},
       {{"seeds", 1},
        {"test_limit", 16},
        {"threads", 2},
        {"clippings", json::array({{{"global_clipnorm", 3.0}}})}}},
  };
  for (const auto& [typed, changes] : rows) {
    std::vector<std::string> options = typed;
    options.emplace_back("--overwrite");
    const Ended ended = again(options);
    ASSERT_EQ(ended.code, 0) << ended.err;
    json expected = before;
    expected.update(changes);
    EXPECT_EQ(expected.size(), before.size());
    EXPECT_EQ(sweep_of("out2").at("config"), expected);
  }
}

TEST_F(SweepConfigFile, LibrariesAndPrecisionAreTakenAndReplaced) {
  ASSERT_EQ(run(small_sweep({"--device", "cpu"})).code, 0);
  const json before = sweep_of("out").at("config");
  json sweep = sweep_of("out");
  sweep["config"].update({{"gemm", "cublas"}, {"conv", "cudnn"}, {"precision", "tf32"}});
  write("out/sweep.json", sweep.dump());
  // All of them need a GPU; what says so first is replaced first.
  const std::vector<std::string> replaced = {"--precision", "auto",   "--gemm",
                                             "saltus",      "--conv", "saltus"};
  std::set<std::string> refusals;
  for (std::size_t count = 0; count <= replaced.size(); count += 2) {
    const auto end = replaced.begin() + static_cast<std::ptrdiff_t>(count);
    const Ended ended = again({replaced.begin(), end});
    EXPECT_EQ(ended.code, end == replaced.end() ? 0 : 2) << ended.err;
    refusals.insert(ended.err.substr(0, ended.err.find(" exists on GPUs only")));
  }
  EXPECT_THAT(refusals, testing::ElementsAre("", "saltus: conv cudnn", "saltus: gemm cublas",
                                             "saltus: precision tf32"));
  EXPECT_EQ(sweep_of("out2").at("config"), before);
}

TEST_F(SweepConfigFile, GoesOnWithTheSweepItself) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  const Ended same = again({"--resume"}, "out");
  ASSERT_EQ(same.code, 0) << same.err;
  EXPECT_THAT(same.out, HasSubstr("4 trials done before"));
  const Ended more = again({"--resume", "--seeds", "3"}, "out");
  ASSERT_EQ(more.code, 0) << more.err;
  EXPECT_THAT(more.out, HasSubstr("4 trials done before"));
  EXPECT_EQ(history_of("out").size(), 1u + 2 * 3);
}

TEST_F(SweepConfigFile, TheDataMustBeTheSame) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  fs::copy(path("data"), path("others"));
  std::string labels = text("data/t10k-labels-idx1-ubyte");
  std::swap(labels[8], labels[9]);
  write("data/t10k-labels-idx1-ubyte", labels);
  const Ended changed = again();
  EXPECT_EQ(changed.code, 1);
  EXPECT_THAT(changed.err,
              testing::MatchesRegex("saltus: out/sweep.json: that sweep had other data: its test "
                                    "labels had the checksum [0-9a-f]{32}, those in .*/data have "
                                    "[0-9a-f]{32}; to train on these, name them with --data\n"));
  EXPECT_FALSE(fs::exists(path("out2")));
  EXPECT_EQ(again({"--data", "data"}).code, 0);

  fs::remove_all(path("data"));
  const Ended gone = again({"--overwrite"});
  EXPECT_EQ(gone.code, 1);
  EXPECT_THAT(gone.err, HasSubstr("saltus: out/sweep.json: the data of that sweep was in "));
  EXPECT_THAT(gone.err, HasSubstr("/data, which is no folder now: name its folder with --data\n"));
  EXPECT_EQ(again({"--overwrite", "--data", "others"}).code, 0);
}

TEST_F(SweepConfigFile, KnownDataIsTakenByItsName) {
  ASSERT_EQ(run(small_sweep()).code, 0);
  // As MNIST's own are: the folder does not count.
  json sweep = sweep_of("out");
  sweep["data"]["name"] = "of no account";
  sweep["data"]["train"]["images_md5"] = "6bbc9ace898e44ae57da46a324031adb";
  sweep["data"]["train"]["labels_md5"] = "a25bea736e30d166cdddb491f175f624";
  sweep["data"]["test"]["images_md5"] = "2646ac647ad5339dbf082846283269ea";
  sweep["data"]["test"]["labels_md5"] = "27ae3e4e09519cfbb04c329615203637";
  write("mnist.json", sweep.dump());
  write("file", "");
  const Ended ended = run({"sweep", "--config", "mnist.json", "--out", "out2"},
                          {{"SALTUS_DATA_DIR", path("file").string()}});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, HasSubstr(path("file/mnist").string()));
}

}  // namespace
}  // namespace saltus
