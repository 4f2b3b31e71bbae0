// Batch normalisation (Ioffe and Szegedy, 2015) over rows and positions, for each channel.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/launch_context.h>

namespace saltus::kernels {

/// What all of a layer's launches work on: x and y are [rows][positions][channels].
struct NormalizeShape {
  std::int64_t positions = 1;  ///< of a row
  int channels = 0;
};

/// While training: y = (x - mean) inverse_deviation gamma + beta with the batch's own mean and
/// (biased) variance; inverse_deviation = 1 / sqrt(variance + epsilon). The moving ones are to
/// become moving momentum + batch's (1 - momentum), which is next: the update lets them.
struct NormalizeTraining {
  NormalizeShape shape;
  AnyInput x;
  PerTrial<const float> gamma, beta;                   ///< [channels]
  PerTrial<const float> moving_mean, moving_variance;  ///< [channels]
  PerTrial<float> next_mean, next_variance;            ///< [channels]
  PerTrial<float> mean, inverse_deviation;             ///< [channels], kept for the backward pass
  AnyOutput y;
  PerTrial<float> workspace;  ///< normalize_workspace() floats
  double momentum = 0;
  double epsilon = 0;
};

/// Otherwise: the same with the moving mean and variance. gamma and beta may be missing, which
/// leaves (x - mean) inverse_deviation, and then the mean, too, which is 0.
struct NormalizeInference {
  NormalizeShape shape;
  AnyInput x;
  PerTrial<const float> gamma, beta, moving_mean, moving_variance;
  AnyOutput y;
  PerTrial<float> workspace;
  double epsilon = 0;
};

/// dbeta = sum(dy), dgamma = sum(dy xhat) with xhat = (x - mean) inverse_deviation, and, where it
/// is there, dx = gamma inverse_deviation (dy - (dbeta + xhat dgamma) / samples).
struct NormalizeBackward {
  NormalizeShape shape;
  AnyInput x, dy;
  PerTrial<const float> gamma, mean, inverse_deviation;
  AnyOutput dx;
  PerTrial<float> dgamma, dbeta;
  PerTrial<float> workspace;
};

void normalize_training(const NormalizeTraining& arguments, const LaunchContext& context);
void normalize_inference(const NormalizeInference& arguments, const LaunchContext& context);
void normalize_backward(const NormalizeBackward& arguments, const LaunchContext& context);

/// Floats of workspace for each trial, enough for all three.
std::int64_t normalize_workspace(const NormalizeShape& shape, int max_rows);

}  // namespace saltus::kernels
