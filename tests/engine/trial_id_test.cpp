// The identity of trials.
#include "sweep/trial_id.h"

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/sweep.h>

#include "tests/engine/sweep_support.h"

namespace saltus {
namespace {

using test::small_config;
using test::small_data;

Setting first_setting(const SweepConfig& config) {
  return {config.activations[0], config.learning_rates[0], config.clippings[0],
          config.batch_sizes[0], config.epochs[0]};
}

TEST(TrialId, NamesTheSameTrialForEver) {
  // Changes only together with kFormatVersion: finished sweeps are resumed by it.
  const SweepConfig config = small_config();
  EXPECT_EQ(hash_of(TrialDescriptions(config, small_data()).of(first_setting(config), 7)),
            "c4a79021f9905b47");
}

TEST(TrialId, ChangesWithAllThatDecidesTheResult) {
  using Change = std::function<void(SweepConfig&, Setting&, std::uint64_t&, ImageDataset&)>;
  const std::vector<Change> changes = {
      [](auto&, auto&, auto&, auto&) {},
      [](auto& c, auto&, auto&, auto&) { c.recipe = Recipe::matched; },
      [](auto& c, auto&, auto&, auto&) { c.loss = losses::CategoricalCrossentropy{}; },
      [](auto& c, auto&, auto&, auto&) { c.precision = Precision::bf16; },
      [](auto& c, auto&, auto&, auto&) { c.libraries.gemm = Gemm::cublas; },
      [](auto& c, auto&, auto&, auto&) { c.libraries.conv = Conv::cudnn; },
      [](auto& c, auto&, auto&, auto&) { c.train_limit = 63; },
      [](auto& c, auto&, auto&, auto&) { c.test_limit = 31; },
      [](auto&, auto& s, auto&, auto&) { s.activation = Activation::parse("elu"); },
      [](auto&, auto& s, auto&, auto&) { s.activation = Activation::parse("elu:alpha=0.5"); },
      [](auto&, auto& s, auto&, auto&) { s.learning_rate = 2e-3; },
      [](auto&, auto& s, auto&, auto&) { s.initializer = initializers::HeNormal(); },
      [](auto&, auto& s, auto&, auto&) { s.initializer = initializers::Orthogonal(); },
      [](auto&, auto& s, auto&, auto&) { s.initializer = initializers::Orthogonal{.gain = 2}; },
      [](auto&, auto& s, auto&, auto&) { s.batch_norm = true; },
      [](auto&, auto& s, auto&, auto&) { s.dropout = 0; },
      [](auto&, auto& s, auto&, auto&) { s.dropout = 0.3; },
      [](auto& c, auto&, auto&, auto&) { c.standardize = true; },
      [](auto&, auto&, auto&, auto& d) { d.task = Task::binary; },
      [](auto& c, auto&, auto&, auto&) { c.early_stopping.emplace(); },
      [](auto& c, auto&, auto&, auto&) { c.early_stopping = parse_early_stopping("patience=3"); },
      [](auto&, auto& s, auto&, auto&) { s.schedule = schedules::CosineDecay{}; },
      [](auto&, auto& s, auto&, auto&) { s.schedule = schedules::CosineDecay{.alpha = 0.1}; },
      [](auto&, auto& s, auto&, auto&) { s.ema_momentum = 0.99; },
      [](auto&, auto& s, auto&, auto&) { s.ema_momentum = 0.999; },
      [](auto&, auto& s, auto&, auto&) { s.optimizer = SGD{}; },
      [](auto&, auto& s, auto&, auto&) { s.optimizer = SGD{.momentum = 0.5}; },
      [](auto&, auto& s, auto&, auto&) { s.optimizer = Adam{.epsilon = 1e-6}; },
      [](auto&, auto& s, auto&, auto&) { s.clipping = {}; },
      [](auto&, auto& s, auto&, auto&) { s.clipping.clipvalue = 1; },
      [](auto&, auto& s, auto&, auto&) {
        s.clipping = {.clipvalue = {}, .clipnorm = 0.5, .global_clipnorm = {}};
      },
      [](auto&, auto& s, auto&, auto&) {
        s.clipping = {.clipvalue = {}, .clipnorm = {}, .global_clipnorm = 0.5};
      },
      [](auto&, auto& s, auto&, auto&) { s.batch_size = 17; },
      [](auto&, auto& s, auto&, auto&) { s.epochs = 3; },
      [](auto&, auto&, auto& seed, auto&) { seed = 8; },
      [](auto&, auto&, auto&, auto& d) { d.train.images_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.train.labels_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.test.images_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.test.labels_md5 = "x"; },
      [](auto&, auto&, auto&, auto& d) { d.classes = 3; },
  };
  std::set<std::string> ids;
  for (const Change& change : changes) {
    SweepConfig config = small_config();
    Setting setting = first_setting(config);
    std::uint64_t seed = 7;
    ImageDataset data = small_data();
    change(config, setting, seed, data);
    ids.insert(hash_of(TrialDescriptions(config, data).of(setting, seed)));
  }
  EXPECT_EQ(ids.size(), changes.size());
}

TEST(TrialId, DoesNotDependOnWhatWasDescribedBefore) {
  SweepConfig config = small_config();
  config.clippings = {{.clipvalue = 1, .clipnorm = {}, .global_clipnorm = {}}, {}};
  TrialDescriptions descriptions(config, small_data());
  for (const Activation& activation : {config.activations[0], config.activations[1]}) {
    for (const Clipping& clipping : config.clippings) {
      for (const std::uint64_t seed : {1U, 2U}) {
        Setting setting{activation, 0.001, clipping, 16, 2};
        setting.batch_norm = seed == 2;
        setting.ema_momentum = seed == 2 ? 0.99 : 0;
        setting.dropout = clipping.clipvalue ? std::optional(0.1) : std::nullopt;
        EXPECT_EQ(descriptions.of(setting, seed),
                  TrialDescriptions(config, small_data()).of(setting, seed));
      }
    }
  }
}

TEST(TrialId, DoesNotChangeWithWhatLeavesResultsAlone) {
  const SweepConfig config = small_config();
  SweepConfig other = config;
  other.threads = 1;
  other.seeds = 9;
  other.train_limit = 64;  // all there are
  other.activations = tutorial_activations();
  const Setting setting = first_setting(config);
  ImageDataset elsewhere = small_data();
  elsewhere.source = "elsewhere";
  EXPECT_EQ(TrialDescriptions(config, small_data()).of(setting, 7),
            TrialDescriptions(other, elsewhere).of(setting, 7));
}

}  // namespace
}  // namespace saltus
