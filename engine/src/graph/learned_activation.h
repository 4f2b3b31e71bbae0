// What a layer has for an activation whose parameters are learned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <saltus/graph.h>

#include "formula/learned.h"

namespace saltus {

/// f of an activation with learned parameters.
formula::LearnedFormula learned_formula(const Activation& activation);

/// The weights of a layer of that name for the learned parameters, each {1} or {channels}, in their
/// order: "dense/beta". They are the last that a layer has.
std::vector<Weight> learned_weights(const Activation& activation, const std::string& name,
                                    std::int64_t channels);

/// For each parameter its place among all weights of the node; -1 if it is not learned.
std::array<int, kernels::kMaxParameters> places_of_learned(const Activation& activation,
                                                           const Node& node);

}  // namespace saltus
