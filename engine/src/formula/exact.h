// A formula in 50 digits.
#pragma once

#include <memory>

#include "formula/formula.h"

namespace saltus::formula {

/// f and f' of the formula as it was written: nothing is simplified, so that simplifying is
/// measured too. Activations of the list that it calls are in double.
class Exact {
 public:
  Exact(const Formula& formula, const ParameterValues& parameters);
  Exact(Exact&&) noexcept;
  Exact& operator=(Exact&&) noexcept;
  ~Exact();

  struct Result {
    double value = 0;
    double slope = 0;
  };
  /// For a finite x. NaN where numbers are beyond what 50 digits with any exponent can hold.
  Result at(double x);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace saltus::formula
