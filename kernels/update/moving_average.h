// The formula of the exponential moving average of weights, the same on host and device.
#pragma once

#include <cstdint>

#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// The share of a weight in its average behind step `step`, counted from 1. The first step copies
/// the weight, as in Keras's optimizers with use_ema; from then on it is `rate`, which is one minus
/// the momentum.
SALTUS_HD float average_rate(float rate, std::uint32_t step) {
  return step == 1 ? 1.0f : rate;
}

/// momentum average + rate weight. A rate of 1 gives the weight bit by bit.
SALTUS_HD float moving_average(float average, float weight, float rate) {
  return rate == 1 ? weight : average + (weight - average) * rate;
}

}  // namespace saltus::kernels
