#include <chrono>

#include <saltus/sweep.h>

#include "core/boundary.h"
#include "sweep/plan.h"
#include "sweep/settings.h"
#include "sweep/trial_model.h"

namespace saltus {
namespace {

/// Images a second that `work` gets through.
double speed(const Samples& samples, const auto& work) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  work(samples);
  const std::chrono::duration<double> seconds = Clock::now() - start;
  return static_cast<double>(samples.count) / seconds.count();
}

}  // namespace

Throughput measure_throughput(const SweepConfig& config, const ImageDataset& given) try {
  check_sweep(config, given);
  ImageDataset standardized;
  if (given.task == Task::regression) {
    standardized = given;
    standardize_targets(config, standardized);
  }
  const ImageDataset& data = given.task == Task::regression ? standardized : given;
  const Setting first = settings_of(config).front();
  const SweepSamples samples = samples_of(config, data);
  train::Trainer trainer({entry_of(config, data, first, config.seed)},
                         compile_options(config, data.task),
                         largest_batch(samples, first.batch_size));
  const std::int64_t batch_size = std::min(first.batch_size, samples.train.count);
  const auto batches = [&](std::int64_t count) {
    return data.train.samples(std::min(samples.train.count, count * batch_size));
  };
  const std::vector<std::vector<CallbackPtr>> nobody(1);
  const auto train = [&](const Samples& some) {
    trainer.fit(some, {.batch_size = batch_size}, nobody);
  };
  train(batches(4));  // the first batches make primitives and touch memory
  return {.training = speed(batches(24), train),
          .evaluation = speed(samples.validation,
                              [&](const Samples& all) { trainer.evaluate(all, batch_size); })};
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
