// What is said of a claim, for trials that are given.
#include "apps/saltus/claims.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace saltus {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A sweep of relu, elu and gelu_tanh that ended with these losses, [setting][seed].
SweepResult ended(const std::vector<std::vector<double>>& losses) {
  SweepResult result;
  const char* activations[] = {"relu", "elu", "gelu_tanh"};
  for (std::size_t i = 0; i < losses.size(); ++i) {
    SettingResult setting{
        .setting = {.activation = Activation::parse(activations[i]), .clipping = {}}, .trials = {}};
    for (std::size_t seed = 0; seed < losses[i].size(); ++seed) {
      TrialResult trial;
      trial.seed = seed;
      trial.status = TrialStatus::ok;
      trial.history.epoch = {0, 1};
      trial.history.history["loss"] = {9, losses[i][seed]};
      setting.trials.push_back(trial);
    }
    result.settings.push_back(setting);
  }
  return result;
}

std::string said(const std::vector<std::vector<double>>& losses) {
  return app::outcome(app::claim_named("gelu-mnist"), ended(losses));
}

const std::vector<double> kHigh = {0.50, 0.51, 0.49, 0.52};
const std::vector<double> kMiddle = {0.4, 0.42, 0.39, 0.43};
const std::vector<double> kLow = {0.20, 0.22, 0.21, 0.19};

TEST(Claims, AreReproducedIfEveryDifferenceIsSeen) {
  const std::string text = said({kHigh, kMiddle, kLow});
  EXPECT_THAT(text, StartsWith("reproduced: loss after the last epoch, gelu_tanh minus relu: "
                               "-0.3000 ("));
  EXPECT_THAT(text, HasSubstr("; gelu_tanh minus elu: -0.2050 ("));
}

TEST(Claims, AreNotIfTheReverseOfOneIsSeen) {
  EXPECT_THAT(said({kHigh, kLow, kMiddle}), StartsWith("not reproduced: "));
}

TEST(Claims, AreUndecidedOtherwise) {
  EXPECT_THAT(said({kHigh, {0.2, 0.23, 0.2, 0.2}, kLow}), StartsWith("undecided: loss"));
  EXPECT_THAT(said({kHigh, kMiddle, {0.2, 0.2}}),
              StartsWith("undecided: gelu_tanh and relu have fewer than 3 common seeds"));
}

TEST(Claims, CanBeTrained) {
  for (const app::Claim& claim : app::claims()) {
    for (const bool small : {false, true}) {
      SweepConfig config = claim.published_size();
      if (small) claim.make_small(config);
      EXPECT_NO_THROW(validate(config)) << claim.name;
      EXPECT_GE(config.seeds, kFewestSeeds) << claim.name;
    }
  }
}

}  // namespace
}  // namespace saltus
