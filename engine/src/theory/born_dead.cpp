#include <cmath>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/theory.h>

#include "core/boundary.h"

namespace saltus {
namespace {

/// Places of one side: no further than floats tell a small slope from none, and behind each kink.
std::vector<float> places(const Activation& activation, float sign) {
  constexpr int kSteps = 64;
  constexpr float kEnd = 4;
  std::vector<float> all;
  all.reserve(kSteps);
  for (int i = 1; i <= kSteps; ++i) all.push_back(sign * kEnd * static_cast<float>(i) / kSteps);
  for (const kernels::Kink& kink : activation.kinks().at) {
    for (const float x : {kink.x - 0.5f, kink.x + 0.5f})
      if (x * sign > 0) all.push_back(x);
  }
  return all;
}

bool is_flat_somewhere(const Activation& activation, float sign) {
  for (const float x : places(activation, sign))
    if (activation.df(x) == 0) return true;
  return false;
}

}  // namespace

std::optional<double> born_dead_bound(const Activation& activation, int layers,
                                      std::int64_t width) try {
  if (layers < 1 || width < 1) {
    throw InvalidArgument(
        fmt::format("a network has at least one layer of one unit, not {} of {}", layers, width));
  }
  const bool left = is_flat_somewhere(activation, -1);
  const bool right = is_flat_somewhere(activation, 1);
  if (left && right) return std::nullopt;
  if (!left && !right) return 0;
  return -std::expm1(layers * std::log1p(-std::exp2(-static_cast<double>(width))));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
