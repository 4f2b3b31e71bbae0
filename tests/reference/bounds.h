#pragma once

#include <functional>

#include "reference/compare.h"
#include "reference/network.h"

namespace saltus::reference {

/// Relative errors of up to `unit`, drawn anew for every tensor and every weight. Equal elements of
/// one tensor get equal errors, as roundings do: a gradient that a pooling hands to all positions
/// of its window is off by the same everywhere, and a sum over them does not average that out.
Rounding relative_errors(double unit, std::uint64_t seed);

/// How far a computation of this unit roundoff may lie from the oracle's: for each result, `factor`
/// times the largest deviation of any of its elements in eight runs with relative_errors(unit),
/// plus eight roundings of its largest element.
///
/// The eight runs measure how much the network makes of one rounding of each stored number, which
/// no formula tells for a whole network. The factor stands for what they do not draw: roundings
/// inside sums of n products, which add up to sqrt(n) / 2 or so of those of the factors; those
/// inside activations; constants whose rounding comes again in every step; and that eight draws for
/// a tensor of one element may all be small.
Bounds measured_bounds(const std::function<Results(const Rounding&)>& run, double unit,
                       double factor);

}  // namespace saltus::reference
