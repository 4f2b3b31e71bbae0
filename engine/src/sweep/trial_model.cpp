#include "sweep/trial_model.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/progress.h>

#include "train/sample_checks.h"

namespace saltus {

SweepSamples samples_of(const SweepConfig& config, const ImageDataset& data) {
  const Samples train = data.train.samples(config.train_limit.value_or(data.train.count));
  const Samples test = data.test.samples(config.test_limit.value_or(data.test.count));
  if (config.validation_split == 0) return {.train = train, .validation = test, .test = {}};
  const train::SplitSamples split = train::split_off_last(train, config.validation_split);
  return {.train = split.train, .validation = split.validation, .test = test};
}

ImageCounts images_of(const SweepConfig& config, const ImageDataset& data) {
  const auto used = [](const ImageSet& set, const std::optional<std::int64_t>& limit) {
    return std::min(set.count, limit.value_or(set.count));
  };
  const std::int64_t all = used(data.train, config.train_limit);
  const std::int64_t train = train::trained_on(all, config.validation_split);
  return {.train = train, .validation = all - train, .test = used(data.test, config.test_limit)};
}

std::string images_text(const SweepConfig& config, const ImageDataset& data) {
  const ImageCounts images = images_of(config, data);
  if (images.validation == 0) {
    return fmt::format("{} training and {} test images", grouped(images.train),
                       grouped(images.test));
  }
  return fmt::format("{} training, {} validation and {} test images", grouped(images.train),
                     grouped(images.validation), grouped(images.test));
}

Optimizer optimizer_of(const Setting& setting) {
  Optimizer optimizer = with_learning_rate(setting.optimizer, setting.learning_rate);
  std::visit([&](auto& o) { o.clipping = setting.clipping; }, optimizer);
  return optimizer;
}

train::Entry entry_of(const SweepConfig& config, const ImageDataset& data, const Setting& setting,
                      std::uint64_t seed) {
  const Shape image = {data.train.height, data.train.width, data.train.channels};
  return {.graph = recipe_graph(config.recipe, setting.activation, image, data.classes,
                                setting.initializer, setting.batch_norm, config.architecture,
                                setting.dropout),
          .optimizer = optimizer_of(setting),
          .seed = seed,
          .schedule = setting.schedule,
          .ema_momentum = setting.ema_momentum};
}

CompileOptions compile_options(const SweepConfig& config) {
  return {.loss = config.loss,
          .metrics = {metrics::BinaryAccuracy{}, metrics::CategoricalAccuracy{}},
          .device = config.device,
          .precision = config.precision,
          .libraries = config.libraries,
          .threads = config.threads,
          .terminate_on_nan = true};
}

std::int64_t largest_batch(const SweepSamples& samples, std::int64_t batch_size) {
  std::int64_t most = std::max(samples.train.count, samples.validation.count);
  if (samples.test) most = std::max(most, samples.test->count);
  return std::min(batch_size, most);
}

}  // namespace saltus
