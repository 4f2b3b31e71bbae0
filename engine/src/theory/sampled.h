// An activation at the nodes of a quadrature over the normal distribution.
#pragma once

#include <vector>

#include <saltus/activation.h>

namespace saltus::theory {

/// f and f' at x = mean + sd z: means over z ~ N(0, 1) are sums of weight * (...). `weight` adds
/// up to 1 but for 1e-23 of it.
struct Sampled {
  std::vector<double> z, weight, f, df;
};

/// In panels that end at the activation's kinks.
Sampled sample(const Activation& activation, double mean, double sd);

}  // namespace saltus::theory
