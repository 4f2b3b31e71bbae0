// saltus replay.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/program.h"

namespace saltus {
namespace {

using test::Ended;
using testing::HasSubstr;
using testing::StartsWith;

class Replay : public test::ProgramTest {
 protected:
  Ended sweep(const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"sweep",     "--data",       "data", "--activations",
                                          "relu,selu", "--network",    "mlp",  "--epochs",
                                          "2",         "--batch-size", "16",   "--out",
                                          "traced"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
};

TEST_F(Replay, SaysEqualOrWhereNot) {
  ASSERT_EQ(sweep({"--trace", "2"}).code, 0);
  const Ended equal = run({"replay", "traced", "--epoch", "2", "--threads", "2"});
  EXPECT_EQ(equal.code, 0) << equal.err;
  EXPECT_THAT(equal.out, StartsWith("relu, seed 0 ("));
  EXPECT_THAT(equal.out, HasSubstr("), epoch 2: equal, at "));
  EXPECT_THAT(equal.out, HasSubstr("\nselu, seed 0 ("));

  // Another digest of the last point of the first trial.
  const std::string id = equal.out.substr(equal.out.find('(') + 1, 16);
  const std::string file = "traces/" + id + ".jsonl";
  std::string trace = text("traced/" + file);
  char& digit = trace[trace.rfind('"') - 1];
  digit = digit == '0' ? '1' : '0';
  write("traced/" + file, trace);
  const Ended other = run({"replay", "traced", "--epoch", "2", "--trial", id});
  EXPECT_EQ(other.code, 3);
  EXPECT_THAT(other.out, HasSubstr(" in dense_3/bias; equal up to step "));
  EXPECT_EQ(run({"replay", "traced", "--trial", id}).code, 0);
}

TEST_F(Replay, SaysWhatItNeeds) {
  ASSERT_EQ(sweep({}).code, 0);
  const Ended none = run({"replay", "traced"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("traced has no traces: only what was trained with --trace K"));
  const Ended unknown = run({"replay", "traced", "--trial", "0123456789abcdef"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("no trial 0123456789abcdef"));
  EXPECT_EQ(run({"replay", "elsewhere"}).code, 1);
  EXPECT_THAT(sweep({"--overwrite", "--trace", "0"}).err, HasSubstr("1 or more, not 0"));
  EXPECT_THAT(sweep({"--overwrite", "--trace", "2", "--workers", "2"}).err,
              HasSubstr("leave --workers out"));
}

}  // namespace
}  // namespace saltus
