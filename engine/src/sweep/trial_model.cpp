#include "sweep/trial_model.h"

#include <algorithm>

namespace saltus {

SweepSamples samples_of(const SweepConfig& config, const ImageDataset& data) {
  return {.train = data.train.samples(config.train_limit.value_or(data.train.count)),
          .test = data.test.samples(config.test_limit.value_or(data.test.count))};
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
                                setting.initializer, setting.batch_norm),
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
  return std::min(batch_size, std::max(samples.train.count, samples.test.count));
}

}  // namespace saltus
