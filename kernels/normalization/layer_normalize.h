// Layer normalisation (Ba, Kiros and Hinton, 2016) over the channels of each vector, and by the
// root of their mean square alone (Zhang and Sennrich, 2019).
#pragma once

#include <saltus/kernels/normalization/normalize.h>

namespace saltus::kernels {

/// y = xhat gamma + beta with xhat = (x - mean) / sqrt(variance + epsilon), mean and (biased)
/// variance those of each vector of channels. Where beta is absent nothing is centered: the mean
/// counts as 0, so that the variance is the mean of squares.
struct LayerNormalize {
  NormalizeShape shape;
  AnyInput x;
  PerTrial<const float> gamma, beta;  ///< [channels]
  AnyOutput y;
  float epsilon = 0;  ///< above 0
};

/// With g = dy gamma and means over a vector, where dx is there: dx = (g - mean(g) - xhat mean(g
/// xhat)) / sqrt(variance + epsilon). Over all vectors: dgamma = sum(dy xhat), dbeta = sum(dy).
/// Where dbeta is absent nothing is centered: mean(g) counts as 0, too.
struct LayerNormalizeBackward {
  NormalizeShape shape;
  AnyInput x, dy;
  PerTrial<const float> gamma;
  AnyOutput dx;
  PerTrial<float> dgamma, dbeta;
  PerTrial<float> workspace;  ///< layer_normalize_workspace() floats
  float epsilon = 0;
};

void layer_normalize(const LayerNormalize& arguments, const LaunchContext& context);
void layer_normalize_backward(const LayerNormalizeBackward& arguments,
                              const LaunchContext& context);

/// Floats of workspace for each trial.
std::int64_t layer_normalize_workspace(const NormalizeShape& shape, int max_rows);

}  // namespace saltus::kernels
