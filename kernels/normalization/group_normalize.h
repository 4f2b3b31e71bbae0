// Group normalisation (Wu and He, 2018): each row's channels in groups, over all positions.
#pragma once

#include <saltus/kernels/normalization/normalize.h>

namespace saltus::kernels {

/// y = xhat gamma + beta with xhat = (x - mean) / sqrt(variance + epsilon), mean and (biased)
/// variance those of a group: `shape.channels / groups` neighbouring channels of a row at all of
/// its positions. A row has at most kLargestIndex elements. gamma and beta may be absent.
struct GroupNormalize {
  NormalizeShape shape;
  int groups = 1;  ///< a divisor of the channels
  AnyInput x;
  PerTrial<const float> gamma, beta;  ///< [channels]
  AnyOutput y;
  float epsilon = 0;  ///< above 0
};

/// With g = dy gamma and means over a group, where dx is there: dx = (g - mean(g) - xhat mean(g
/// xhat)) / sqrt(variance + epsilon). Over all rows and positions, each where it is there: dgamma =
/// sum(dy xhat), dbeta = sum(dy).
struct GroupNormalizeBackward {
  NormalizeShape shape;
  int groups = 1;
  AnyInput x, dy;
  PerTrial<const float> gamma;
  AnyOutput dx;
  PerTrial<float> dgamma, dbeta;
  PerTrial<float> workspace;  ///< group_normalize_workspace() floats
  float epsilon = 0;
};

void group_normalize(const GroupNormalize& arguments, const LaunchContext& context);
void group_normalize_backward(const GroupNormalizeBackward& arguments,
                              const LaunchContext& context);

/// Floats of workspace for each trial.
std::int64_t group_normalize_workspace(const NormalizeShape& shape, int groups, int max_rows);

}  // namespace saltus::kernels
