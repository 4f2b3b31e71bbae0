// What an engine does for a convolution. Problems are those of problems.h.
#pragma once

#include "kernels/matrix/epilogue.h"
#include "kernels/matrix/parts.h"
#include "kernels/stage.h"

namespace saltus::kernels::plain {

/// The whole product, as its epilogue has it (Target: Epilogue<Out>), or as it is (PerTrial<Out>).
template <class Problem, class Target>
void multiply(const Problem& problem, const Target& target, const Stage& stage);

/// The sums of a product's parts, and of its B's columns where there is a place for them. Parts
/// beyond the rows of the batch are left as they are.
template <class Problem>
void multiply_parts(const Problem& problem, const PartSums& sums, const Stage& stage);

}  // namespace saltus::kernels::plain
