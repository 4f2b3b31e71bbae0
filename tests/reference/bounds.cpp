#include "reference/bounds.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "reference/examples.h"

namespace saltus::reference {
namespace {

double largest(const Values& values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::abs(value));
  return result;
}

}  // namespace

Rounding relative_errors(double unit, std::uint64_t seed) {
  const auto random = std::make_shared<Random>(seed);
  const auto disturb = [random, unit](Values& values) {
    for (double& value : values) value *= 1 + unit * random->uniform(-1, 1);
  };
  return {disturb, disturb};
}

Bounds measured_bounds(const std::function<Results(const Rounding&)>& run, double unit,
                       double factor) {
  const Results exact = run({});
  Bounds deviations;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    for (const auto& [name, values] : run(relative_errors(unit, seed))) {
      for (std::int64_t i = 0; i < values.size(); ++i) {
        const double deviation = std::abs(values[i] - exact.at(name)[i]);
        deviations[name] = std::max(deviations[name], deviation);
      }
    }
  }
  Bounds bounds;
  for (const auto& [name, values] : exact) {
    bounds[name] = factor * deviations[name] + 8 * unit * largest(values);
  }
  return bounds;
}

}  // namespace saltus::reference
