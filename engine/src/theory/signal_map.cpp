#include <algorithm>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/initializer.h>
#include <saltus/theory.h>

#include "core/boundary.h"
#include "theory/correlation.h"
#include "theory/sampled.h"

namespace saltus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Lengths that are looked at, evenly in their logarithm.
constexpr double kShortest = 1e-4;
constexpr double kDecades = 6.5;
constexpr int kLengths = 131;
/// A length as good as 0: what is missing of f'(0) has the size of its square root.
constexpr double kAlmostZero = 1e-20;

/// Below this D is flat, and its inverse mostly rounding.
constexpr double kLeastSlope = 1e-3;
/// What rounding makes of 0, as a part of what is subtracted.
constexpr double kRounding = 1e-9;

/// Whether means are known. Where f grows so fast that the last standard deviations matter, what is
/// beyond them is missing.
bool is_known(const theory::Sampled& sampled) {
  double all = 0;
  double tails = 0;
  for (std::size_t i = 0; i < sampled.z.size(); ++i) {
    const double square = sampled.weight[i] * sampled.f[i] * sampled.f[i];
    all += square;
    if (std::abs(sampled.z[i]) > 9) tails += square;
  }
  return std::isfinite(all) && tails <= kRounding * all;
}

GaussianMoments moments_of(const theory::Sampled& sampled, double variance) {
  GaussianMoments moments;
  for (std::size_t i = 0; i < sampled.z.size(); ++i) {
    const double z = sampled.z[i];
    const double f = sampled.f[i];
    const double weight = sampled.weight[i];
    moments.mean += weight * f;
    moments.square += weight * f * f;
    moments.slope_square += weight * sampled.df[i] * sampled.df[i];
    // d/dq E g(sqrt(q) z) = E[g (z^2 - 1)] / (2 q), which needs no derivative of g.
    moments.mean_rate += weight * f * (z * z - 1) / (2 * variance);
    moments.square_rate += weight * f * f * (z * z - 1) / (2 * variance);
  }
  return moments;
}

struct AtLength {
  double length;
  GaussianMoments moments;

  double variance() const { return moments.square - moments.mean * moments.mean; }
  /// The biases' variance that keeps the length where chi is 1.
  double bias_variance() const { return length - moments.square / moments.slope_square; }
  CriticalPoint critical() const {
    return {length, 1 / moments.slope_square, std::max(bias_variance(), 0.0)};
  }
  bool is_flat() const { return !(moments.slope_square > kLeastSlope); }
};

/// An activation at all lengths.
class Lengths {
 public:
  explicit Lengths(const Activation& activation) : activation_(activation) {
    for (int i = 0; i < kLengths; ++i) {
      const double length = kShortest * std::pow(10, kDecades * i / (kLengths - 1));
      const theory::Sampled sampled = theory::sample(activation, 0, std::sqrt(length));
      if (is_known(sampled)) all_.push_back({length, moments_of(sampled, length)});
    }
  }

  AtLength at(double length) const { return {length, gaussian_moments(activation_, 0, length)}; }
  const std::vector<AtLength>& all() const { return all_; }

  /// Where `function` of an AtLength goes through 0, among those lengths that `counts`.
  template <class Function, class Counts>
  std::vector<AtLength> roots(Function function, Counts counts) const {
    std::vector<AtLength> found;
    for (std::size_t i = 1; i < all_.size(); ++i) {
      if (!counts(all_[i - 1]) || !counts(all_[i])) continue;
      const double before = function(all_[i - 1]);
      const double after = function(all_[i]);
      if ((before < 0) == (after < 0)) continue;
      std::uintmax_t steps = 100;
      const auto [low, high] = boost::math::tools::toms748_solve(
          [&](double logarithm) { return function(at(std::exp(logarithm))); },
          std::log(all_[i - 1].length), std::log(all_[i].length), before, after,
          boost::math::tools::eps_tolerance<double>(48), steps);
      found.push_back(at(std::exp(0.5 * (low + high))));
    }
    return found;
  }

 private:
  const Activation& activation_;
  std::vector<AtLength> all_;
};

void classify(const Lengths& lengths, SignalMap& map) {
  const auto relative = [](const AtLength& at) { return at.bias_variance() / at.length; };
  for (const AtLength& at : lengths.all())
    if (!at.is_flat() && relative(at) >= -kRounding) map.line.push_back(at.critical());
  const auto is_kept = [&](const AtLength& at) {
    return !at.is_flat() && std::abs(relative(at)) < kRounding;
  };
  if (std::ranges::all_of(lengths.all(), is_kept)) {
    map.criticality = Criticality::scale_invariant;
    map.critical = lengths.at(1).critical();
    return;
  }
  const auto excess = [](const AtLength& at) {
    return at.moments.square_rate / at.moments.slope_square - 1;
  };
  // Where f is 0 at its kinks and straight between them, this is 0 everywhere but for rounding.
  const auto tells = [&](const AtLength& at) {
    return !at.is_flat() && at.length > 1e-3 && std::abs(excess(at)) > kRounding;
  };
  for (const AtLength& at : lengths.roots(excess, tells)) {
    if (at.bias_variance() <= kRounding) continue;
    map.criticality = Criticality::half_stable;
    map.critical = at.critical();
    return;
  }
  // Near 0 an f with f(0) = 0 is as one that is scale-invariant, and then its line begins there.
  const AtLength zero = lengths.at(kAlmostZero);
  if (!zero.is_flat() && std::abs(relative(zero)) < 1e-5 && !map.line.empty() &&
      map.line.front().length < 2 * kShortest) {
    map.criticality = Criticality::at_zero;
    map.critical = CriticalPoint{0, 1 / zero.moments.slope_square, 0};
    return;
  }
  if (map.line.empty()) return;
  map.criticality = Criticality::line;
  const auto begins = lengths.roots([](const AtLength& at) { return at.bias_variance(); },
                                    [](const AtLength& at) { return !at.is_flat(); });
  if (begins.empty()) return;
  map.critical = begins.front().critical();
  map.line.push_back(*map.critical);
  std::ranges::sort(map.line, {}, &CriticalPoint::length);
}

std::optional<FixedVariance> fixed_variance(const Lengths& lengths) {
  const auto grows = [](const AtLength& at) { return at.variance() - at.length; };
  std::optional<FixedVariance> nearest;
  for (const AtLength& at : lengths.roots(grows, [](const AtLength&) { return true; })) {
    const GaussianMoments& moments = at.moments;
    const double slope = moments.square_rate - 2 * moments.mean * moments.mean_rate;
    if (!(std::abs(slope) < 1 - kRounding)) continue;
    if (nearest && std::abs(std::log(nearest->variance)) <= std::abs(std::log(at.length))) continue;
    nearest = FixedVariance{at.length, moments.mean, moments.mean_rate, slope};
  }
  return nearest;
}

Propagation propagate(const Lengths& lengths, const Activation& activation,
                      double weight_variance) {
  Propagation result;
  result.weight_variance = weight_variance;
  const auto grows = [&](const AtLength& at) {
    return weight_variance * at.moments.square - at.length;
  };
  AtLength end = lengths.at(1);
  result.length = 1;
  if (const double growth = grows(end); std::abs(growth) > kRounding) {
    // Lengths go from 1 up, or down, to the next one that is kept.
    const bool up = growth > 0;
    result.length = up ? kInfinity : 0;
    end = up ? lengths.all().back() : lengths.at(kAlmostZero);
    for (const AtLength& at : lengths.roots(grows, [](const AtLength&) { return true; })) {
      if (up ? at.length < 1 : at.length > 1) continue;
      end = at;
      result.length = at.length;
      if (up) break;
    }
  }
  result.chi = weight_variance * end.moments.slope_square;
  double rate = std::abs(std::log(result.chi));
  if (result.chi > 1 + kRounding && result.length > 0 && std::isfinite(result.length)) {
    const auto fixed = theory::fixed_correlation(
        theory::sample(activation, 0, std::sqrt(end.length)), weight_variance, end.length);
    result.correlation = fixed.correlation;
    rate = std::max(rate, std::abs(std::log(fixed.slope)));
  }
  result.depth = rate <= kRounding ? kInfinity : 6 / rate;
  return result;
}

}  // namespace

std::string_view to_string(Criticality criticality) {
  switch (criticality) {
    case Criticality::scale_invariant:
      return "scale-invariant";
    case Criticality::half_stable:
      return "half-stable";
    case Criticality::at_zero:
      return "K* = 0";
    case Criticality::line:
      return "line only";
    case Criticality::never:
      break;
  }
  return "never";
}

GaussianMoments gaussian_moments(const Activation& activation, double mean, double variance) try {
  if (!(variance > 0) || !std::isfinite(variance) || !std::isfinite(mean)) {
    throw InvalidArgument(fmt::format(
        "a normal distribution of mean {} and variance {}: the variance must be positive, and both "
        "finite",
        mean, variance));
  }
  return moments_of(theory::sample(activation, mean, std::sqrt(variance)), variance);
} catch (...) {
  throw_as_promised();
}

Propagation propagate_signals(const Activation& activation, double weight_variance) try {
  if (!(weight_variance >= 0) || !std::isfinite(weight_variance)) {
    throw InvalidArgument(
        fmt::format("weights cannot have the variance {} / fan_in", weight_variance));
  }
  return propagate(Lengths(activation), activation, weight_variance);
} catch (...) {
  throw_as_promised();
}

SignalMap map_signals(const Activation& activation) try {
  const Lengths lengths(activation);
  SignalMap map;
  map.activation = activation;
  map.standard = gaussian_moments(activation, 0, 1);
  map.gain = 1 / std::sqrt(map.standard.square);
  map.poincare =
      (map.standard.square - map.standard.mean * map.standard.mean) / map.standard.slope_square;
  classify(lengths, map);
  map.fixed = fixed_variance(lengths);
  map.initialized = propagate(
      lengths, activation, weight_variance_of(parse_initializer(activation.info().initializer), 1));
  return map;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
