#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <saltus/activation.h>

namespace saltus {

/// Nanoseconds for each element of a block that stays in the cache, on one thread, and what they
/// are of relu's: medians of rounds, in each of which relu is timed right before.
struct Cost {
  double nanoseconds = 0;
  double to_relu = 0;
};

struct ActivationSpeed {
  Activation activation;
  Cost forward;   ///< f, as in evaluate() and predict()
  Cost training;  ///< f and f' forward, and the gradient times f' backward
};

struct SpeedOptions {
  int rounds = 9;
  /// Called after each round of an activation, with the rounds done and of all. What it throws ends
  /// the measurement and is passed on.
  std::function<void(std::int64_t done, std::int64_t all)> progress = {};
};

/// Times the code that trains on this CPU, in float32, on inputs that are spread normally. A
/// parameter that is learned is taken as fixed. Throws InvalidArgument unless there is a round,
/// 1000 at most.
SALTUS_API std::vector<ActivationSpeed> measure_speed(std::span<const Activation> activations,
                                                      const SpeedOptions& options = {});

}  // namespace saltus
