// The plan: a network lowered to programs of steps, made once before training. It says what is
// computed and names neither backend nor trial: each backend changes the programs by passes of its
// own (passes/), and what differs between trials (activation, dropout rule, seed, learning rate)
// stands in a table that steps refer to by slot, so one plan runs many trials.
#pragma once

#include <saltus/graph.h>
#include <saltus/loss.h>
#include <saltus/precision.h>

#include "ops/choices.h"
#include "plan/program.h"

namespace saltus::plan {

/// Everything that a backend needs to know of a network and how it is trained.
struct Plan {
  Shape input;
  Shape output;
  std::vector<Weight> weights;       ///< in the order of their tensors' ids, from 0
  std::int64_t parameter_count = 0;  ///< elements of the flat array of trainable weights
  std::int64_t statistic_count = 0;  ///< elements of the array of statistics
  std::int64_t moving_count = 0;     ///< the first so many of them are the moving ones
  std::int64_t next_statistics = 0;  ///< where that begins among them which those become
  ops::Slots slots;                  ///< of the trial table
  Precision precision = Precision::fp32;
  Program train;     ///< forward, loss, backward, update
  Program evaluate;  ///< forward without dropout, loss
  Program predict;   ///< forward without dropout
};

/// Lowers a network. Throws InvalidArgument where the loss does not fit the network's end.
Plan make_plan(const Graph& graph, const Loss& loss, Precision precision);

}  // namespace saltus::plan
