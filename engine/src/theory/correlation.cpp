#include "theory/correlation.h"

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace saltus::theory {
namespace {

/// The rest of the sum is small below correlations of 0.97, and known at 1.
constexpr int kTerms = 200;

/// Squares of the coefficients of f in normalised Hermite polynomials: E f(u) f(v) is the sum of
/// coefficient[n] c^n where u and v have the correlation c (Mehler's formula).
std::vector<double> hermite_squares(const Sampled& sampled) {
  const std::size_t nodes = sampled.z.size();
  std::vector<double> before(nodes, 0.0);
  std::vector<double> now(nodes, 1.0);
  std::vector<double> squares;
  squares.reserve(kTerms);
  for (int n = 0; n < kTerms; ++n) {
    double sum = 0;
    for (std::size_t i = 0; i < nodes; ++i) {
      sum += sampled.weight[i] * sampled.f[i] * now[i];
      const double next =
          (sampled.z[i] * now[i] - std::sqrt(double(n)) * before[i]) / std::sqrt(double(n) + 1);
      before[i] = std::exchange(now[i], next);
    }
    squares.push_back(sum * sum);
  }
  return squares;
}

}  // namespace

FixedCorrelation fixed_correlation(const Sampled& sampled, double weight_variance, double length) {
  std::vector<double> terms = hermite_squares(sampled);
  for (double& term : terms) term *= weight_variance / length;
  const auto map = [&](double c) {
    FixedCorrelation result{0, 0};
    for (std::size_t n = terms.size(); n-- > 0;) {
      result.slope = result.slope * c + result.correlation;
      result.correlation = result.correlation * c + terms[n];
    }
    return result;
  };
  // The map is convex and leads from a value of at least 0 at 0 to 1 at 1, with a slope above 1
  // there: it crosses the diagonal once below.
  double low = 0;
  double high = 1 - 1e-6;
  for (int i = 0; i < 60; ++i) {
    const double middle = 0.5 * (low + high);
    (map(middle).correlation > middle ? low : high) = middle;
  }
  return {low, map(low).slope};
}

}  // namespace saltus::theory
