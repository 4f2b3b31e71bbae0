#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <span>
#include <vector>

#include <saltus/samples.h>

namespace saltus {

/// Mean and (biased) variance of each feature, as layers::Normalization takes them.
struct FeatureMoments {
  std::vector<float> mean;
  std::vector<float> variance;
};

/// Moments of the inputs as a network sees them, bytes divided by 255, over all samples and all
/// positions but those of the last axis, which has `features`: for images the channels, for rows of
/// a table the columns. The variance of a feature that never changes is exactly 0. Throws
/// InvalidArgument where there are no samples or the inputs are not a multiple of the features.
///
///     const FeatureMoments moments = moments_of(train, 4);
///     model.set_weights("normalization/mean", moments.mean);
///     model.set_weights("normalization/variance", moments.variance);
SALTUS_API FeatureMoments moments_of(const Samples& samples, std::int64_t features);

/// The same of values [rows][features].
SALTUS_API FeatureMoments moments_of(std::span<const float> values, std::int64_t features);

}  // namespace saltus
