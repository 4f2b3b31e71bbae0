// The grid of trials, and what cannot be planned.
#include <functional>
#include <map>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/sweep.h>

#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using test::small_config;
using test::small_data;

TEST(Plan, DefaultsAreTheTutorials) {
  const SweepConfig config;
  ASSERT_EQ(config.activations.size(), 6u);
  EXPECT_EQ(config.activations[0].str(), "sigmoid");
  EXPECT_EQ(config.activations[3].info().parameters[0].default_value, 0.2f);
  EXPECT_EQ(config.activations[5].str(), "gelu_tanh");
  EXPECT_EQ(config.epochs, std::vector<int>{20});
  EXPECT_EQ(config.batch_sizes, std::vector<std::int64_t>{128});
  EXPECT_EQ(config.learning_rates, std::vector<double>{1e-3});
  EXPECT_EQ(config.clippings[0].clipvalue, 0.5);
  EXPECT_EQ(config.loss, losses::BinaryCrossentropy{});
  EXPECT_EQ(config.recipe, Recipe::tutorial);
}

TEST(Plan, RunsTheProductSeedBySeed) {
  SweepConfig config = small_config();
  config.initializers = {std::nullopt, initializers::Orthogonal()};
  config.batch_norms = {false, true};
  config.optimizers = {Adam{}, SGD{.momentum = 0.9}};
  config.learning_rates = {1e-3, 1e-4};
  config.schedules = {schedules::Constant{}, schedules::CosineDecay{}};
  config.ema_momenta = {0, 0.99};
  config.batch_sizes = {16, 32};
  config.epochs = {1, 2, 3};
  config.seeds = 2;
  config.seed = 40;
  const SweepPlan plan = plan_sweep(config, small_data());
  ASSERT_EQ(plan.settings.size(), 2u * 2 * 2 * 2 * 2 * 2 * 2 * 2 * 3);
  ASSERT_EQ(plan.trials.size(), 2 * plan.settings.size());
  std::set<std::string> ids;
  for (std::size_t i = 0; i < plan.trials.size(); ++i) {
    const TrialSpec& trial = plan.trials[i];
    EXPECT_EQ(trial.setting, i % plan.settings.size());
    EXPECT_EQ(trial.seed, i < plan.settings.size() ? 40u : 41u);
    EXPECT_EQ(trial.repeat, i < plan.settings.size() ? 0 : 1);
    ids.insert(trial.id);
  }
  EXPECT_EQ(ids.size(), plan.trials.size());
  EXPECT_THAT(
      setting_labels(plan.settings),
      testing::Contains("selu, orthogonal, batch norm, sgd:momentum=0.9, lr 0.0001, cosine_decay, "
                        "ema 0.99, batch 32, 3 epochs"));
}

TEST(Plan, LowersEachStructureOnce) {
  SweepConfig config = small_config();
  config.batch_norms = {false, true};
  config.learning_rates = {1e-3, 1e-4};
  const SweepPlan plan = plan_sweep(config, small_data());
  ASSERT_EQ(plan.networks.size(), plan.settings.size());
  std::map<bool, std::set<const train::Network*>> networks;
  for (std::size_t i = 0; i < plan.settings.size(); ++i) {
    networks[plan.settings[i].batch_norm].insert(plan.networks[i].get());
  }
  EXPECT_EQ(networks[false].size(), 1u);
  EXPECT_EQ(networks[true].size(), 1u);
  EXPECT_NE(networks[false], networks[true]);
}

TEST(Plan, LabelsSayOnlyWhatDiffers) {
  EXPECT_THAT(setting_labels(plan_sweep(small_config(), small_data()).settings),
              testing::ElementsAre("relu", "selu"));
}

TEST(Plan, RefusesWhatCannotRun) {
  const auto refused = [](const std::function<void(SweepConfig&)>& change) {
    SweepConfig config = small_config();
    change(config);
    EXPECT_THROW(plan_sweep(config, small_data()), InvalidArgument);
  };
  refused([](SweepConfig& c) { c.activations.clear(); });
  refused([](SweepConfig& c) { c.activations.push_back(Activation::parse("relu")); });
  refused([](SweepConfig& c) { c.batch_norms.clear(); });
  refused([](SweepConfig& c) { c.batch_norms = {true, true}; });
  refused([](SweepConfig& c) { c.epochs = {0}; });
  refused([](SweepConfig& c) { c.batch_sizes = {-1}; });
  refused([](SweepConfig& c) { c.epochs = {kMostEpochs + 1}; });
  refused([](SweepConfig& c) { c.seeds = 0; });
  refused([](SweepConfig& c) { c.learning_rates = {-1}; });
  refused([](SweepConfig& c) {
    c.clippings = {{.clipvalue = 1, .clipnorm = 1, .global_clipnorm = {}}};
  });
  refused([](SweepConfig& c) { c.ema_momenta.clear(); });
  refused([](SweepConfig& c) { c.ema_momenta = {1}; });
  refused([](SweepConfig& c) { c.ema_momenta = {-0.5}; });
  refused([](SweepConfig& c) { c.train_limit = 0; });
  refused([](SweepConfig& c) { c.threads = -1; });
  refused([](SweepConfig& c) { c.threads = 1025; });
  refused([](SweepConfig& c) { c.loss = losses::BinaryCrossentropy{.from_logits = true}; });
  refused([](SweepConfig& c) { c.precision = Precision::tf32; });
  refused([](SweepConfig& c) { c.libraries.gemm = Gemm::cublas; });
  refused([](SweepConfig& c) { c.libraries.conv = Conv::cudnn; });
}

// run_sweep() and what follows take all that they need from the plan.
TEST(Plan, OwnsWhatItWasMadeOf) {
  SweepPlan plan;
  {
    SweepConfig config = small_config();
    config.train_limit = 40;
    ImageDataset data = small_data();
    plan = plan_sweep(config, data);
    config.train_limit = 1;
    data.train.labels.assign(data.train.labels.size(), 0);
  }
  EXPECT_EQ(plan.config.train_limit, 40);
  EXPECT_EQ(plan.data->train.labels, small_data().train.labels);
  EXPECT_TRUE(run_sweep(plan).complete);
}

// Before anything of their size is made: none of these would fit the memory.
TEST(Plan, RefusesMoreTrialsThanThereMayBe) {
  const auto refusal = [](const std::function<void(SweepConfig&)>& change) {
    SweepConfig config = small_config();
    change(config);
    try {
      plan_sweep(config, small_data());
    } catch (const InvalidArgument& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const auto said = testing::HasSubstr("at most 100000 trials");
  EXPECT_THAT(refusal([](SweepConfig& c) { c.seeds = 1'000'000'000; }), said);
  EXPECT_THAT(refusal([](SweepConfig& c) { c.learning_rates.assign(50'001, 1e-3); }), said)
      << "with two activations";
  EXPECT_THAT(refusal([](SweepConfig& c) {
                c.learning_rates.assign(60'000, 1e-3);
                c.clippings.assign(60'000, {});
                c.batch_sizes.assign(60'000, 16);
                c.epochs.assign(60'000, 1);
                c.seeds = 2'000'000'000;
              }),
              said)
      << "their product overflows 64 bits";
}

TEST(Plan, RefusesTooManyTrialsSideBySide) {
  EXPECT_THROW(validate(SweepOptions{.side_by_side = kMostSideBySide + 1}), InvalidArgument);
  EXPECT_THROW(validate(SweepOptions{.side_by_side = -1}), InvalidArgument);
  EXPECT_NO_THROW(validate(SweepOptions{.side_by_side = kMostSideBySide}));
}

TEST(Plan, ALargeSweepIsLaidOut) {
  SweepConfig config = small_config();
  config.seeds = 5000;
  const SweepPlan plan = plan_sweep(config, small_data());
  EXPECT_EQ(plan.trials.size(), 10'000U);
  EXPECT_EQ(plan.trials.back().seed, config.seed + 4999);
}

TEST(Plan, RefusesImagesThatTheNetworkDoesNotTake) {
  const auto error = [](const SweepConfig& config, const ImageDataset& data) -> std::string {
    try {
      plan_sweep(config, data);
    } catch (const DataError& refused) {
      return refused.what();
    }
    return "";
  };
  const auto of_size = [](std::int64_t height, std::int64_t width) {
    ImageDataset data = test::small_data();
    for (ImageSet* set : {&data.train, &data.test}) {
      set->height = height;
      set->width = width;
      set->pixels = std::vector<float>(static_cast<std::size_t>(set->count * height * width));
    }
    return data;
  };
  SweepConfig config = small_config();
  EXPECT_EQ(error(config, of_size(6, 6)), "");
  EXPECT_THAT(error(config, of_size(5, 6)),
              testing::HasSubstr("nowhere: images of 5 x 6 are too small for the network tutorial, "
                                 "which takes 6 x 6 or more"));
  EXPECT_THAT(error(config, of_size(6, 5)), testing::HasSubstr("images of 6 x 5"));

  ImageDataset sorted = test::small_data();
  std::ranges::sort(sorted.train.labels);
  EXPECT_EQ(error(config, sorted), "");
  config.train_limit = 33;
  EXPECT_EQ(error(config, sorted), "");
  config.train_limit = 32;
  EXPECT_THAT(error(config, sorted),
              testing::HasSubstr("nowhere: all 32 training images that are used have label 0"));
}

}  // namespace
}  // namespace saltus
