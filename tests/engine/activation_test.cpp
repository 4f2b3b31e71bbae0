#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/activation.h>
#include <saltus/error.h>

namespace saltus {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(std::string_view text) {
  try {
    (void)Activation::parse(text);
  } catch (const InvalidArgument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Activation, DefaultIsTheIdentity) {
  EXPECT_EQ(Activation().name(), "linear");
  EXPECT_EQ(Activation(), Activation::parse("none"));
  EXPECT_EQ(Activation().f(-3.5f), -3.5f);
}

TEST(Activation, ParsesEveryNameAndAliasAndWritesItBack) {
  for (const ActivationInfo& info : activation_list()) {
    const Activation activation = Activation::parse(info.name);
    EXPECT_EQ(activation.name(), info.name);
    EXPECT_EQ(activation.str(), info.name) << "all parameters have their defaults";
    for (const std::string_view alias : info.aliases)
      EXPECT_EQ(Activation::parse(alias), activation) << alias;
  }
}

TEST(Activation, NamesAndAliasesAreUniqueHoweverWritten) {
  std::set<std::string> seen;
  const auto add = [&](std::string_view name) {
    std::string folded;
    for (const char c : name) {
      EXPECT_TRUE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') << name;
      if (c != '_') folded += c;
    }
    EXPECT_TRUE(seen.insert(folded).second) << name << " is there twice";
  };
  for (const ActivationInfo& info : activation_list()) {
    add(info.name);
    for (const std::string_view alias : info.aliases) add(alias);
  }
}

TEST(Activation, SpellingsOfANameAreOne) {
  const Activation leaky = Activation::parse("leaky_relu");
  for (const char* text : {"leaky-relu", "LeakyReLU", "LEAKY_RELU", "leakyrelu"})
    EXPECT_EQ(Activation::parse(text), leaky) << text;
}

TEST(Activation, ParametersAreSetAndWrittenAsShortAsTheyCanBe) {
  const Activation elu = Activation::parse("elu:alpha=0.20000");
  EXPECT_EQ(elu.str(), "elu:alpha=0.2");
  EXPECT_EQ(elu.ref().parameters[0], 0.2f);
  EXPECT_EQ(Activation::parse("elu:ALPHA=1").str(), "elu");
  EXPECT_NE(elu, Activation::parse("elu"));
  EXPECT_EQ(Activation::parse(elu.str()), elu);
  EXPECT_FLOAT_EQ(elu.f(-1), 0.2f * -0.63212056f);
}

TEST(Activation, RefusalsNameTheThingAndTheNearest) {
  EXPECT_THAT(refusal("rleu"), AllOf(HasSubstr("'rleu'"), HasSubstr("relu")));
  EXPECT_THAT(refusal("sigmiod"), HasSubstr("did you mean sigmoid"));
  EXPECT_EQ(refusal("foo"), "unknown activation 'foo': saltus activations lists all");
  EXPECT_EQ(refusal(""), "unknown activation '': saltus activations lists all");
  EXPECT_THAT(refusal("elu:alhpa=1"), AllOf(HasSubstr("'alhpa'"), HasSubstr("alpha")));
  EXPECT_THAT(refusal("relu:alpha=1"), HasSubstr("relu has no parameters"));
  EXPECT_THAT(refusal("elu:alpha"), HasSubstr("parameter=value"));
  EXPECT_THAT(refusal("elu:"), HasSubstr("ends in ':'"));
  EXPECT_THAT(refusal("elu::alpha=1"), HasSubstr("parameter=value"));
  EXPECT_THAT(refusal("elu:alpha=1:alpha=2"), HasSubstr("twice"));
  for (const char* value : {"", "x", "1x", "nan", "inf", "1e99"})
    EXPECT_THAT(refusal(std::string("elu:alpha=") + value), HasSubstr("must be a number")) << value;
  EXPECT_THAT(refusal("softplus:beta=-1"), AllOf(HasSubstr("beta"), HasSubstr("[")));
}

TEST(Activation, WhatIsNoFunctionOfOneNumberIsExplained) {
  for (const char* name : {"softmax", "Softmax", "log_softmax", "PReLU", "rrelu", "crelu", "maxout",
                           "glu", "SwiGLU", "geglu", "reglu"}) {
    EXPECT_THAT(refusal(name), HasSubstr("cannot be an activation here")) << name;
  }
  for (const char* there : {"leaky_relu:alpha=0.25", "leaky_relu:alpha=0.229", "silu", "gelu"}) {
    EXPECT_NO_THROW(Activation::parse(there));
  }
}

TEST(Activation, ShapeAndKinksFollowTheParameters) {
  EXPECT_EQ(Activation::parse("leaky_relu").shape(), ActivationShape::monotone);
  EXPECT_EQ(Activation::parse("leaky_relu:alpha=-1").shape(), ActivationShape::one_minimum);
  EXPECT_EQ(Activation::parse("elu").kinks().at.size(), 0u);
  const auto kinks = Activation::parse("elu:alpha=0.5").kinks();
  ASSERT_EQ(kinks.at.size(), 1u);
  EXPECT_EQ(kinks.at[0].df, 0.5f);
}

// The multiples of 1/2 in [-6, 6] at which df or f jumps, seen from both sides. slope_test.cpp
// finds no kink elsewhere.
std::vector<float> jumps(const Activation& activation) {
  std::vector<float> places;
  for (float x = -6; x <= 6; x += 0.5F) {
    const float before = x - 1e-4F;
    const float after = x + 1e-4F;
    const float size = 1 + std::abs(activation.f(x)) + std::abs(activation.df(x));
    const float slope_change = std::abs(activation.df(after) - activation.df(before));
    const float change = std::abs(activation.f(after) - activation.f(before));
    if (std::max(slope_change, change) > 0.02F * size) places.push_back(x);
  }
  return places;
}

TEST(Activation, TheListHasTheKinksOfTheDefaults) {
  for (const ActivationInfo& info : activation_list()) {
    const Activation activation = Activation::parse(info.name);
    // The slope of binary_step, no derivative, jumps where its window ends.
    const std::vector<float> found =
        info.surrogate_slope ? std::vector<float>{0} : jumps(activation);
    std::vector<float> listed;
    for (const kernels::Kink& kink : info.kinks.at) {
      listed.push_back(kink.x);
      EXPECT_EQ(activation.df(kink.x), kink.df) << info.name << " at " << kink.x;
    }
    if (info.kinks.period != 0) {
      listed.clear();
      for (float x = -6; x <= 6; x += info.kinks.period) listed.push_back(x);
    }
    EXPECT_EQ(listed, found) << info.name;
  }
}

}  // namespace
}  // namespace saltus
