// Standard streams that are closed, full, or read by nobody.
#include <csignal>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using nlohmann::json;
using test::Ended;
using testing::HasSubstr;

using Streams = test::ProgramTest;

/// Standard output becomes a pipe whose reader has gone.
constexpr const char* kNobodyReads =
    "mkfifo pipe && { (exec 4< pipe) & exec > pipe; wait; rm pipe; }";

TEST_F(Streams, AnErrorThatCannotBeToldKeepsItsExitCode) {
  for (const char* streams :
       {"exec 2> /dev/full", "exec 2>&-", "exec > /dev/full 2> /dev/full", "exec <&- >&- 2>&-"}) {
    EXPECT_EQ(run({"swep"}, {}, streams).code, 2) << streams;
    EXPECT_EQ(run({"sweep", "--data", "nowhere"}, {}, streams).code, 2) << streams;
    EXPECT_EQ(run({"sweep", "--data", "data", "--out", "/dev/null"}, {}, streams).code, 1)
        << streams;
  }
}

TEST_F(Streams, ReadersThatLeaveAreNoError) {
  for (const auto& arguments : {std::vector<std::string>{"activations"},
                                {"activations", "--json"},
                                {"--help"},
                                {"accuracy", "relu"},
                                {"data", "list"}}) {
    const Ended ended = run(arguments, {}, kNobodyReads);
    EXPECT_EQ(ended.code, 1000 + SIGPIPE);
    EXPECT_EQ(ended.err, "");
  }
}

TEST_F(Streams, ASweepEndsWhateverBecomesOfItsOutput) {
  const struct {
    const char* streams;
    int code;
  } rows[] = {{"exec > /dev/full 2> /dev/full", 1},
              {"exec <&- >&- 2>&-", 0},
              {kNobodyReads, 1000 + SIGPIPE}};
  for (const auto& [streams, code] : rows) {
    EXPECT_EQ(run(small_sweep({"--overwrite"}), {}, streams).code, code) << streams;
    // Nothing that was meant for a terminal is in the files.
    EXPECT_EQ(json::parse(text("out/results.json")).at("complete"), true) << streams;
    EXPECT_TRUE(json::accept(text("out/sweep.json"))) << streams;
    EXPECT_THAT(text("out/history.csv"), testing::StartsWith("activation,")) << streams;
    EXPECT_THAT(text("out/loss.svg"), HasSubstr("</svg>")) << streams;
  }
}

}  // namespace
}  // namespace saltus
