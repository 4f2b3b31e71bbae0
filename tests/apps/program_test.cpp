// The other subcommands.
#include "tests/apps/program.h"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using nlohmann::json;
using test::Ended;
using testing::HasSubstr;

using Program = test::ProgramTest;

TEST_F(Program, HelpAndVersion) {
  EXPECT_EQ(run({"--help"}).code, 0);
  EXPECT_THAT(run({"--help"}).out, HasSubstr("sweep"));
  EXPECT_THAT(run({"sweep", "--help"}).out, HasSubstr("binary_crossentropy"));
  EXPECT_THAT(run({"--version"}).out, testing::MatchesRegex("saltus [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(Program, InfoNamesDevices) {
  const Ended ended = run({"info"});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("onednn"));
  EXPECT_THAT(ended.out, HasSubstr("CUDA"));
}

TEST_F(Program, InfoPrintsThePlan) {
  const Ended cpu = run({"info", "--plan", "--device", "cpu"});
  EXPECT_EQ(cpu.code, 0);
  EXPECT_THAT(cpu.out, testing::StartsWith("as planned\n"));
  EXPECT_THAT(cpu.out, HasSubstr("\nafter slice\n"));
  const Ended cuda = run({"info", "--plan", "--device", "cuda", "--precision", "bf16"});
  EXPECT_EQ(cuda.code, 0) << "no GPU is needed";
  EXPECT_THAT(cuda.out, HasSubstr("\nafter fuse_epilogue\n"));
  EXPECT_THAT(cuda.out, Not(HasSubstr("\nafter slice\n")));
  const Ended alone = run({"info", "--precision", "bf16"});
  EXPECT_NE(alone.code, 0);
  EXPECT_THAT(alone.err, HasSubstr("--plan"));
}

TEST_F(Program, ListsActivations) {
  const json list = json::parse(run({"activations", "--json"}).out);
  EXPECT_GE(list.size(), 60u);
  std::set<std::string> names;
  for (const json& entry : list) {
    names.insert(entry.at("name").get<std::string>());
    for (const char* key : {"aliases", "formula", "parameters", "range", "monotone", "saturates",
                            "initializer", "dropout"}) {
      EXPECT_TRUE(entry.contains(key)) << key;
    }
  }
  EXPECT_EQ(names.size(), list.size());
  const json leaky = json::parse(run({"activations", "leaky_relu", "--json"}).out);
  EXPECT_EQ(leaky.at(0).at("kinks"), json::parse(R"([{"x": 0.0, "df": 0.2}])"));
  const Ended table = run({"activations"});
  for (const std::string& name : names) EXPECT_THAT(table.out, HasSubstr("\n" + name));
}

TEST_F(Program, MeasuresAccuracy) {
  const Ended ended = run({"accuracy", "relu", "elu:alpha=0.5"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("`relu`"));
  EXPECT_THAT(ended.out, HasSubstr("elu:alpha=0.5"));
  EXPECT_EQ(run({"accuracy", "rleu"}).code, 2);
}

TEST_F(Program, DrawsCurves) {
  const Ended ended = run({"curves", "--activations", "relu,elu:alpha=0.2", "--from", "-1", "--to",
                           "1", "--points", "3", "--out", "curves"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(text("curves/curves.csv"), testing::StartsWith("activation,x,f,df\n"
                                                             "relu,-1,0,0\n"
                                                             "relu,0,0,0\n"
                                                             "relu,1,1,1\n"
                                                             "elu:alpha=0.2,-1,-0.12642"));
  EXPECT_THAT(text("curves/curves.svg"), HasSubstr("</svg>"));
  EXPECT_EQ(text("curves/curves.png").substr(1, 3), "PNG");
}

TEST_F(Program, MapsSignals) {
  const Ended ended =
      run({"map", "--activations", "relu,sigmoid,mine = x * tanh(x),softplus", "--out", "map"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, testing::ContainsRegex("relu +scale-invariant +1 +2 +0 +1.414 +0.3989 +1 "
                                                "+any"));
  EXPECT_THAT(ended.out, testing::ContainsRegex("softplus +never +- +- +-"));
  EXPECT_THAT(ended.out, testing::ContainsRegex("mine +half-stable"));
  EXPECT_THAT(text("map/map.csv"), HasSubstr("\nsoftplus,never,,,,"));
  EXPECT_THAT(text("map/critical_lines.csv"), HasSubstr("\nmine,"));
  EXPECT_THAT(text("map/map.svg"), HasSubstr("critical point of mine"));
  EXPECT_EQ(text("map/map.png").substr(1, 3), "PNG");
  EXPECT_EQ(run({"map", "--activations", "rleu", "--out", "map"}).code, 2);
}

TEST_F(Program, LooksIntoDeepNetworks) {
  const Ended ended = run({"depth", "--activations", "selu,squared_relu", "--layers", "12",
                           "--width", "64", "--out", "depth"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, testing::ContainsRegex("selu +lecun_normal +[01]\\.[0-9]+ +[01]\\."));
  EXPECT_THAT(ended.out, testing::ContainsRegex("squared_relu +he_normal .*overflow"));
  EXPECT_THAT(text("depth/depth.csv"),
              testing::StartsWith("activation,initializer,layer,mean,sd,"));
  EXPECT_THAT(text("depth/depth.csv"), HasSubstr("\nselu,lecun_normal,12,"));
  EXPECT_THAT(text("depth/depth.svg"), HasSubstr("gradient / that of the last layer of selu"));
  const Ended narrow = run({"depth", "--activations", "relu,tanh,relu6", "--layers", "20",
                            "--width", "4", "--out", "depth"});
  EXPECT_THAT(narrow.out, testing::ContainsRegex("relu +he_normal .* % +<= 0\\.72 "));
  EXPECT_THAT(narrow.out, testing::ContainsRegex("tanh +glorot_uniform .* % +never "));
  EXPECT_THAT(narrow.out, testing::ContainsRegex("relu6 +he_normal .* % +- "));
  // Nothing of it can be drawn but the axes.
  EXPECT_EQ(run({"depth", "--activations", "exponential", "--layers", "9", "--out", "depth"}).code,
            0);
  EXPECT_EQ(run({"depth", "--activations", "relu", "--layers", "1", "--out", "depth"}).code, 0);
  EXPECT_EQ(run({"depth", "--layers", "0", "--out", "depth"}).code, 2);
}

TEST_F(Program, TrainsDeepNetworks) {
  write_data("tiny", test::random_data());
  const Ended ended = run({"depth", "--train", "--data", "tiny", "--activations", "tanh",
                           "--layers", "2", "--width", "8", "--depths", "1,2", "--weight-variances",
                           "1,2", "--epochs", "1", "--out", "depth"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, testing::ContainsRegex("tanh +1 +any +[12]"));
  EXPECT_THAT(ended.out, HasSubstr("Spearman's rank correlation is"));
  EXPECT_THAT(text("depth/depth_grid.csv"), HasSubstr("\ntanh,2,2,"));
  EXPECT_THAT(text("depth/depth_grid.svg"), HasSubstr("depth of tanh"));
  const Ended none =
      run({"depth", "--train", "--data", "tiny", "--depths", "2,1", "--out", "none"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("1 does not belong there"));
  EXPECT_FALSE(std::filesystem::exists(path("none")));
}

TEST_F(Program, MeasuresSpeed) {
  const Ended ended = run({"speed", "sinc", "relu", "mine = x * atan(exp(x))", "--rounds", "1"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, testing::ContainsRegex("sinc +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+"));
  EXPECT_THAT(ended.out, testing::ContainsRegex("mine +[0-9.]+ +[0-9.]+ +[0-9.]+ +[0-9.]+"));
  EXPECT_THAT(ended.out, HasSubstr("medians of 1 round:"));
  const Ended none = run({"speed", "relu", "--rounds", "0"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("1 to 1000 rounds, not 0"));
}

TEST_F(Program, ListsData) {
  const Ended ended = run({"data", "list"}, {{"SALTUS_DATA_DIR", "/some/folder"}});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr("fashion-mnist"));
  EXPECT_THAT(ended.out, HasSubstr("/some/folder"));
}

}  // namespace
}  // namespace saltus
