#include "quick.h"

#include <algorithm>

#include "output.h"

namespace saltus::app {
namespace {

/// How long the sweep may take, in seconds.
constexpr double kBudget = 210;

/// Repeats, so that there are intervals to show.
constexpr int kSeeds = 3;

struct Size {
  int epochs;
  std::int64_t train;
  std::int64_t test;
};

/// From all of it to the smallest that teaches something; the first that fits is taken.
constexpr Size kSizes[] = {{20, 60000, 10000}, {10, 60000, 10000}, {5, 60000, 10000},
                           {5, 30000, 10000},  {5, 20000, 10000},  {5, 15000, 5000},
                           {4, 10000, 5000},   {3, 10000, 5000},   {3, 7500, 2500},
                           {3, 5000, 2000},    {2, 3000, 1000},    {1, 2000, 1000}};

/// Seconds that a configuration takes.
double estimate(const SweepConfig& config, const ImageDataset& data, const Throughput& speed) {
  const auto used = [](const ImageSet& set, const std::optional<std::int64_t>& limit) {
    return static_cast<double>(std::min(set.count, limit.value_or(set.count)));
  };
  const double epoch = used(data.train, config.train_limit) / speed.training +
                       used(data.test, config.test_limit) / speed.evaluation;
  double epochs = 0;
  for (const int count : config.epochs) epochs += count;
  const std::size_t trials_of_a_length =
      config.activations.size() * config.initializers.size() * config.batch_norms.size() *
      config.dropouts.size() * config.optimizers.size() * config.learning_rates.size() *
      config.schedules.size() * config.ema_momenta.size() * config.clippings.size() *
      config.batch_sizes.size() * static_cast<std::size_t>(config.seeds);
  return epoch * epochs * static_cast<double>(trials_of_a_length);
}

/// Fills in what the user left open.
void apply(const SweepArguments& arguments, int epochs, int seeds,
           std::optional<std::int64_t> train, std::optional<std::int64_t> test,
           SweepConfig& config) {
  if (!arguments.is_given("--epochs")) config.epochs = {epochs};
  if (!arguments.is_given("--seeds") && !config.until_decided) config.seeds = seeds;
  if (!arguments.is_given("--train-limit")) config.train_limit = train;
  if (!arguments.is_given("--test-limit")) config.test_limit = test;
}

}  // namespace

void choose_quick_size(const SweepArguments& arguments, const ImageDataset& data,
                       SweepConfig& config) {
  const Throughput speed = measure_throughput(config, data);
  const SweepConfig whole = config;  // before it is cut to size
  double seconds = 0;
  for (const Size& size : kSizes) {
    apply(arguments, size.epochs, kSeeds, size.train, size.test, config);
    seconds = estimate(config, data, speed);
    if (seconds <= kBudget) break;
  }
  print(
      "quick: {:.0f} images a second here, so about {:.1f} minutes for {} epochs of {} "
      "images with {} seeds\n",
      speed.training, seconds / 60, config.epochs.front(),
      std::min(data.train.count, config.train_limit.value_or(data.train.count)), config.seeds);
  print(
      "all of it ({} activations, {} epochs, {} images; about {:.0f} minutes): "
      "saltus sweep --out runs/article\n\n",
      whole.activations.size(), whole.epochs.front(),
      std::min(data.train.count, whole.train_limit.value_or(data.train.count)),
      estimate(whole, data, speed) / 60);
}

void take_quick_size(const SweepArguments& arguments, const SweepConfig& earlier,
                     SweepConfig& config) {
  apply(arguments, earlier.epochs.front(), earlier.seeds, earlier.train_limit, earlier.test_limit,
        config);
}

}  // namespace saltus::app
