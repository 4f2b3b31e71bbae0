// How alike two inputs are after a layer.
#pragma once

#include "theory/sampled.h"

namespace saltus::theory {

/// A correlation that a layer keeps, and the slope of the layer's map of correlations there.
struct FixedCorrelation {
  double correlation = 1;
  double slope = 0;
};

/// The stable one below 1, for inputs of mean 0 and of a length that weights of this variance keep.
/// `sampled` is the activation at that length; chi, the slope at 1, is above 1.
FixedCorrelation fixed_correlation(const Sampled& sampled, double weight_variance, double length);

}  // namespace saltus::theory
