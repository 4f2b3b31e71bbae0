#include "theory/sampled.h"

#include <algorithm>
#include <array>
#include <boost/math/quadrature/gauss.hpp>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <span>

#include <saltus/kernels/activations.h>

#include "formula/evaluate.h"
#include "formula/formula.h"
#include "graph/custom_activation.h"

namespace saltus::theory {
namespace {

constexpr int kNodes = 16;
constexpr double kReach = 10;  // standard deviations: beyond them is 1e-23 of the weight
constexpr int kPanels = 64;

/// Panels in x, too: a function's bends are around 0, however wide the distribution is.
constexpr std::array kBends = {0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 18.0, 27.0};

/// Where panels begin and end, in z.
std::vector<double> edges_of(const kernels::Kinks& kinks, double mean, double sd) {
  std::vector<double> edges;
  const auto add = [&](double x) {
    const double z = (x - mean) / sd;
    if (std::abs(z) < kReach) edges.push_back(z);
  };
  for (int i = 0; i <= kPanels; ++i) edges.push_back(kReach * (2.0 * i / kPanels - 1));
  for (const double bend : kBends) {
    add(bend);
    add(-bend);
  }
  for (const kernels::Kink& kink : kinks.at) {
    if (kinks.period == 0) {
      add(double{kink.x});
      continue;
    }
    const double period = kinks.period;
    const double first = std::ceil((mean - kReach * sd - kink.x) / period);
    const double last = std::floor((mean + kReach * sd - kink.x) / period);
    for (double i = first; i <= last; ++i) add(kink.x + i * period);
  }
  std::ranges::sort(edges);
  return edges;
}

void evaluate(const Activation& activation, std::span<const double> x, Sampled& result) {
  const kernels::ActivationRef ref = runnable(activation.ref());
  const std::size_t count = x.size();
  if (const formula::Formula* formula = find_formula(ref.id)) {
    const std::array roots = {formula->value(), formula->slope()};
    formula::Evaluator<double> at(formula->graph(), roots);
    const formula::ParameterValues parameters = values_of(ref);
    for (std::size_t i = 0; i < count; ++i) {
      at.run(x[i], parameters);
      result.f[i] = at[roots[0]];
      result.df[i] = at[roots[1]];
    }
  } else if (is_custom_activation(ref.id)) {
    for (std::size_t i = 0; i < count; ++i) {
      result.f[i] = double{activation.f(static_cast<float>(x[i]))};
      result.df[i] = double{activation.df(static_cast<float>(x[i]))};
    }
  } else {
    const auto parameters = kernels::parameters_of<double>(ref);
    kernels::dispatch(ref.id, [&]<class Entry>() {
      for (std::size_t i = 0; i < count; ++i) result.f[i] = Entry::f(x[i], parameters);
      for (std::size_t i = 0; i < count; ++i) result.df[i] = Entry::df(x[i], parameters);
    });
  }
}

}  // namespace

Sampled sample(const Activation& activation, double mean, double sd) {
  using Rule = boost::math::quadrature::gauss<double, kNodes>;
  const std::vector<double> edges = edges_of(activation.kinks(), mean, sd);
  Sampled result;
  result.z.reserve(edges.size() * kNodes);
  result.weight.reserve(edges.size() * kNodes);
  const auto add = [&](double z, double weight) {
    static const double kScale = 1 / std::sqrt(2 * std::numbers::pi);
    result.z.push_back(z);
    result.weight.push_back(kScale * weight * std::exp(-0.5 * z * z));
  };
  for (std::size_t i = 1; i < edges.size(); ++i) {
    const double half = 0.5 * (edges[i] - edges[i - 1]);
    const double middle = 0.5 * (edges[i] + edges[i - 1]);
    if (half < 1e-14) continue;
    for (std::size_t node = 0; node < Rule::abscissa().size(); ++node) {
      const double place = half * Rule::abscissa()[node];
      const double weight = half * Rule::weights()[node];
      add(middle - place, weight);
      add(middle + place, weight);
    }
  }
  std::vector<double> x(result.z.size());
  std::ranges::transform(result.z, x.begin(), [&](double z) { return mean + sd * z; });
  result.f.resize(x.size());
  result.df.resize(x.size());
  evaluate(activation, x, result);
  return result;
}

}  // namespace saltus::theory
