// The list of activations on the host, for tests of kernels. Compiled once: what a test would
// instantiate for each entry costs more than all else in it.
#pragma once

#include <string_view>
#include <vector>

#include <saltus/kernels/activation_entry.h>

namespace saltus::test {

/// Every entry of the list with its default parameters, in the list's order.
std::vector<kernels::ActivationRef> all_activations();

std::string_view name_of(const kernels::ActivationRef& activation);

/// What poolings may take for granted of f; nothing of a step, whose first maximum is where it
/// steps, whatever its stand-in slope.
kernels::Shape pooled_shape_of(const kernels::ActivationRef& activation);

/// f and f' of some values.
struct Evaluated {
  std::vector<double> y, slope;
};

/// As the list's functions give them in float: what kernels must match to the bit.
Evaluated evaluate(const kernels::ActivationRef& activation, const std::vector<float>& z);

}  // namespace saltus::test
