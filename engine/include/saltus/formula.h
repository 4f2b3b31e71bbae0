#pragma once

#include <saltus/export.h>

#include <string>
#include <vector>

#include <saltus/activation.h>

namespace saltus {

/// What is known of an activation that a formula defines, with the values of its parameters, beside
/// what Activation::info() says.
struct FormulaInfo {
  /// What f and f' come to where x goes to minus and to plus infinity; NaN where they come to
  /// nothing.
  double f_left = 0, df_left = 0, f_right = 0, df_right = 0;
  /// Operations that f, and f and f' together, take for each element.
  int f_operations = 0, operations = 0;
  /// 1 / sqrt(E[f(z)^2]) for z of a standard normal distribution: the factor on the standard
  /// deviation of weights that keeps a signal's size from layer to layer (arXiv 1502.01852 for
  /// relu, where it is sqrt(2)). Infinite for f = 0.
  double gain = 0;
  /// Activations of the list that are the same function, "tanhexp", or that are it but for scales
  /// of x and y, "0.587544 * silu(1.702 * x)". What is the same runs as the list's, bit by bit.
  std::vector<std::string> twins;
};

/// Throws InvalidArgument for an activation that is no formula.
SALTUS_API FormulaInfo describe_formula(const Activation& activation);

}  // namespace saltus
