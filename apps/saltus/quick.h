// --quick: a sweep of a few minutes.
#pragma once

#include <saltus/sweep.h>

#include "sweep_arguments.h"

namespace saltus::app {

/// Chooses epochs, seeds and limits that the user did not give so that the sweep takes some three
/// minutes here, by a measurement of a second or two, and says what it chose.
void choose_quick_size(const SweepArguments& arguments, const ImageDataset& data,
                       SweepConfig& config);

/// Takes those that the user did not give from an earlier run, so that it can be resumed.
void take_quick_size(const SweepArguments& arguments, const SweepConfig& earlier,
                     SweepConfig& config);

}  // namespace saltus::app
