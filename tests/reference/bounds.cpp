#include "reference/bounds.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>

#include <saltus/kernels/random.h>

namespace saltus::reference {
namespace {

double largest(const Values& values) {
  double result = 0;
  for (const double value : values) result = std::max(result, std::abs(value));
  return result;
}

}  // namespace

Rounding relative_errors(double unit, std::uint64_t seed) {
  const auto disturb = [seed, unit, tensor = std::make_shared<std::uint32_t>(0)](Values& values) {
    ++*tensor;
    for (double& value : values) {
      const auto bits = std::bit_cast<std::uint64_t>(value);
      const kernels::Words4 words = kernels::philox(
          seed,
          {static_cast<std::uint32_t>(bits), static_cast<std::uint32_t>(bits >> 32), *tensor, 0});
      value *= 1 + unit * (words.w0 * 0x1p-31 - 1);
    }
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
