// The model that a trial trains, and the images that it trains on.
#pragma once

#include <optional>
#include <vector>

#include <saltus/sweep.h>

#include "train/trainer.h"

namespace saltus {

/// The images that a sweep uses; refers to the data.
struct SweepSamples {
  Samples train;
  Samples validation;           ///< looked at after each epoch
  std::optional<Samples> test;  ///< where these are others: looked at after the last one
};

/// Throws InvalidArgument where a validation_split leaves nothing to train on.
SweepSamples samples_of(const SweepConfig& config, const ImageDataset& data);

/// The options with which all models of a sweep are compiled.
CompileOptions compile_options(const SweepConfig& config, Task task);

/// Gives a trainer of the plan's trials what depends on the data: the moments of the inputs as
/// weights, and the unit of the targets.
void prepare_trainer(const SweepPlan& plan, train::Trainer& trainer);

/// Standard deviations; 1 where there is none.
std::vector<double> deviations_of(const FeatureMoments& moments);

/// Rows of the largest batch that a trial with this batch size sees.
std::int64_t largest_batch(const SweepSamples& samples, std::int64_t batch_size);

}  // namespace saltus
