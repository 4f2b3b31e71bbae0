// What a step becomes on a GPU, and what it sees when it runs.
#pragma once

#include <functional>

#include <saltus/kernels/batch_sums.h>
#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/update/update.h>

#include "backend/cuda/constants.h"
#include "backend/cuda/dataset.h"
#include "backend/cuda/layout.h"

namespace saltus::cuda {

/// What launches work on: known once memory is there, a split is chosen and a stream captures.
struct StepContext {
  kernels::LaunchContext context;
  Memory memory;
  const Constants* constants = nullptr;
  DataView data;
  std::int64_t rows = 0;  ///< of the batch, for those who have to know before the device
  bool shuffled = false;
  kernels::PerTrial<kernels::BatchSums> sums;
  const kernels::UpdateRule* rules = nullptr;
  kernels::NonFinite* non_finite = nullptr;
  const float* average_rates = nullptr;  ///< kernels::Average::rates
};

/// The launches of one step.
struct Launch {
  std::function<void(const StepContext&)> run;
  std::int64_t workspace = 0;  ///< bytes of a trial, free for all before and after
  std::int64_t shared = 0;     ///< bytes that the trials share, free likewise
  /// Makes what running at this site needs; nothing is put into the stream. Comes before run() for
  /// each number of rows, outside of captures. Often none.
  std::function<void(const StepContext&)> prepare = {};
  /// Puts into the stream what is left to do behind the last batch of a run, at that batch's site:
  /// gradients that no batch stores, for those who ask. Often none.
  std::function<void(const StepContext&)> finish = {};
};

/// How the update is to be done.
struct UpdateChoices {
  bool check_finite = false;
  bool clips_by_norm = false;
  std::uint32_t optimizers = 0;  ///< as kernels::Update has them
  bool averages = false;         ///< of the weights: any trial has them
};

}  // namespace saltus::cuda
