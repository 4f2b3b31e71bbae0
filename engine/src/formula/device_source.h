// Formulas as source for a compiler: what a GPU runs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "formula/learned.h"
#include "formula/loss_formula.h"

namespace saltus::formula {

/// A formula with values of its parameters.
struct Use {
  const Formula* formula = nullptr;
  ParameterValues parameters = {};
};

/// A loss, which has a slope, or a metric.
struct LossUse {
  LossFormula formula;
  bool with_slope = false;
};

/// All that is compiled for one executable. The kernels know each by its place here.
struct DeviceFormulas {
  std::vector<Use> activations;
  std::vector<std::shared_ptr<const LearnedFormula>> learned;
  std::vector<LossUse> losses;

  bool empty() const { return activations.empty() && learned.empty() && losses.empty(); }
};

/// The C++ of what kernels call of kernels/formula/linked.h. It includes kernels/formula/run.h, and
/// gives the bits of the loops on a CPU as long as the compiler does not contract a * b + c.
std::string device_source(const DeviceFormulas& formulas);

}  // namespace saltus::formula
