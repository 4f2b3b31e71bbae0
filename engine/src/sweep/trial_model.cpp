#include "sweep/trial_model.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

namespace {

/// What squares the errors where the loss does not.
constexpr const char* kSquaredError = "mean_squared_error = (y - t)^2";

bool squares_errors(const Loss& loss) {
  return loss.as<losses::MeanSquaredError>() != nullptr;
}

std::vector<Metric> metrics_of(const SweepConfig& config, Task task) {
  switch (task) {
    case Task::multi_class:
      return {metrics::BinaryAccuracy{}, metrics::CategoricalAccuracy{}};
    case Task::binary:
    case Task::multi_label:
      break;
    case Task::regression:
      if (squares_errors(config.loss)) return {metrics::MeanAbsoluteError{}};
      return {metrics::MeanAbsoluteError{}, Metric::formula(kSquaredError)};
  }
  return {metrics::BinaryAccuracy{}};
}

}  // namespace

CompileOptions compile_options(const SweepConfig& config, Task task) {
  return {.loss = config.loss,
          .metrics = metrics_of(config, task),
          .device = config.device,
          .precision = config.precision,
          .libraries = config.libraries,
          .threads = config.threads,
          .terminate_on_nan = true};
}

void prepare_trainer(const SweepPlan& plan, train::Trainer& trainer) {
  if (plan.input_moments) {
    // What never changes in training tells nothing: it is 0, whatever other rows hold.
    std::vector<float> variance = plan.input_moments->variance;
    std::ranges::replace(variance, 0.0F, std::numeric_limits<float>::max());
    // It is the first layer that has weights.
    for (int trial = 0; trial < trainer.trials(); ++trial) {
      trainer.set_weight(trial, 0, plan.input_moments->mean);
      trainer.set_weight(trial, 1, variance);
    }
  }
  if (!plan.target_moments) return;
  const std::vector<double> units = deviations_of(*plan.target_moments);
  trainer.report_errors_in(units.size() == 1 ? units.front() : 1,
                           squares_errors(plan.config.loss) ? "loss" : "mean_squared_error");
}

std::vector<double> deviations_of(const FeatureMoments& moments) {
  std::vector<double> deviations;
  for (const float variance : moments.variance)
    deviations.push_back(variance > 0 ? std::sqrt(double{variance}) : 1);
  return deviations;
}

std::int64_t largest_batch(const SweepSamples& samples, std::int64_t batch_size) {
  std::int64_t most = std::max(samples.train.count, samples.validation.count);
  if (samples.test) most = std::max(most, samples.test->count);
  return std::min(batch_size, most);
}

}  // namespace saltus
