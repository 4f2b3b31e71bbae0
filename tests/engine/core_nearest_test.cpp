#include <vector>

#include <gtest/gtest.h>

#include <saltus/nearest.h>

namespace saltus {
namespace {

const std::vector<std::string_view> kOptions = {
    "epochs", "batch-size", "learning-rate", "global-clipnorm", "clipnorm",
    "seeds",  "seed",       "loss",          "threads"};

std::string near(std::string_view name, const std::vector<std::string_view>& known) {
  return either(nearest_names(name, known));
}

TEST(Nearest, SlipsOfTheFinger) {
  EXPECT_EQ(near("epoch", kOptions), "epochs");
  EXPECT_EQ(near("EPOCHS", kOptions), "epochs");
  EXPECT_EQ(near("seesd", kOptions), "seeds or seed");
  EXPECT_EQ(near("laerning-rtae", kOptions), "learning-rate");
  EXPECT_EQ(near("clipnrom", kOptions), "clipnorm");
}

TEST(Nearest, BeginningsAndInitials) {
  EXPECT_EQ(near("thr", kOptions), "threads");
  EXPECT_EQ(near("batch", kOptions), "batch-size");
  EXPECT_EQ(near("lr", kOptions), "learning-rate");
  EXPECT_EQ(near("gc", kOptions), "global-clipnorm");
  EXPECT_EQ(near("mse", std::vector<std::string_view>{"mean_squared_error", "mean"}),
            "mean_squared_error");
}

TEST(Nearest, NothingThatIsFar) {
  for (const char* name : {"", "e", "th", "foo", "optimizer", "frobnicate", "l"}) {
    EXPECT_EQ(near(name, kOptions), "") << name;
  }
  const std::vector<std::string_view> activations = {"cos", "erf", "none", "expit", "softsign"};
  for (const char* name : {"foo", "maxout", "softmax"}) {
    EXPECT_EQ(near(name, activations), "") << name;
  }
}

TEST(Nearest, AtMostThree) {
  const std::vector<std::string_view> known = {"abc1", "abc2", "abc3", "abc4"};
  EXPECT_EQ(near("abc", known), "abc1, abc2 or abc3");
}

TEST(Nearest, AShortListIsGivenWhole) {
  const std::vector<std::string_view> known = {"fp32", "tf32", "bf16"};
  EXPECT_EQ(suggestion("fp23", known), ": did you mean fp32?");
  EXPECT_EQ(suggestion("double", known), ": choose fp32, tf32 or bf16");
  EXPECT_EQ(suggestion("optimizer", kOptions), "");
}

}  // namespace
}  // namespace saltus
