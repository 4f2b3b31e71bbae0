#include "formula/extremes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <functional>
#include <limits>
#include <optional>

#include <saltus/kernels/formula/mend.h>

#include "formula/interval.h"
#include "formula/wide.h"

namespace saltus::formula {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

/// The power of two up to which a node may grow: floats have 127.
constexpr double kMostOfFloats = 0x1p125;

bool overflows_at(Evaluator<double>& evaluator, const ParameterValues& parameters, double x) {
  bool overflows = false;
  evaluator.run(x, parameters,
                [&](double value) { overflows = overflows || std::abs(value) > kMostOfFloats; });
  return overflows;
}

/// The largest power of two on one side up to which nothing overflows, from 1.
float reach(Evaluator<double>& evaluator, const ParameterValues& parameters, double side) {
  constexpr int kLargest = 127;
  if (!overflows_at(evaluator, parameters, std::ldexp(side, kLargest)))
    return std::numeric_limits<float>::max();
  int good = -1;  // taken for granted
  int bad = kLargest;
  while (bad - good > 1) {
    const int middle = (good + bad) / 2;
    (overflows_at(evaluator, parameters, std::ldexp(side, middle)) ? bad : good) = middle;
  }
  return std::ldexp(1.0F, good);
}

/// Values of a function at a large number, at twice that number, and so on.
constexpr std::size_t kSteps = 6;
using Approach = std::array<Wide, kSteps>;

/// Whether test(earlier, later) holds for all neighbors.
template <class Test>
bool always(std::span<const Wide> values, Test test) {
  return std::ranges::adjacent_find(values, std::not_fn(test)) == values.end();
}

double limit_of(const Approach& values) {
  const Wide& last = values.back();
  if (isinf(last)) return last > 0 ? kInfinity : -kInfinity;
  if (!std::ranges::all_of(values, [](const Wide& value) { return isfinite(value); })) return kNaN;
  std::array<Wide, kSteps - 1> steps;
  for (std::size_t i = 0; i + 1 < kSteps; ++i) steps[i] = values[i + 1] - values[i];
  const bool is_still = std::ranges::all_of(
      steps, [&](const Wide& step) { return abs(step) <= abs(last) * Wide(1e-12); });
  if (is_still) return static_cast<double>(last);
  const bool is_tiny =
      std::ranges::all_of(values, [](const Wide& value) { return abs(value) < Wide(1e-6); });
  if (is_tiny) return 0;
  const bool converges =
      always(steps, [](const Wide& a, const Wide& b) { return abs(b) < abs(a) * Wide(0.8); });
  if (converges) {
    const Wide ratio = steps.back() / steps[kSteps - 3];
    return static_cast<double>(last + steps.back() * ratio / (1 - ratio));
  }
  if (always(values, [](const Wide& a, const Wide& b) { return b > a && b > 0; })) return kInfinity;
  if (always(values, [](const Wide& a, const Wide& b) { return b < a && b < 0; }))
    return -kInfinity;
  return kNaN;
}

double as_limit(double found) {
  if (std::abs(found) < 1e-30) return 0;
  return std::abs(found) > kernels::math::kLargest ? std::copysign(kInfinity, found) : found;
}

/// What was found for one formula with one set of parameters.
struct Findings {
  std::uint64_t formula = 0;  ///< its number
  ParameterValues parameters{};
  Extent extent;
  std::array<std::optional<Limit>, 2> limits;
};

/// Kept by each thread for as many as a network has at once.
Findings& findings_for(const Formula& formula, const ParameterValues& parameters) {
  constexpr std::size_t kKept = 8;
  thread_local std::array<Findings, kKept> kept;
  thread_local std::size_t next = 0;
  for (Findings& known : kept)
    if (known.formula == formula.number() && known.parameters == parameters) return known;
  const std::array<Id, 2> roots = {formula.value(), formula.slope()};
  Evaluator<double> evaluator(formula.graph(), roots);
  const Extent extent = {.low = -reach(evaluator, parameters, -1),
                         .high = reach(evaluator, parameters, 1)};
  Findings& place = kept[next++ % kKept];
  place = {.formula = formula.number(), .parameters = parameters, .extent = extent, .limits = {}};
  return place;
}

Limit find_limit(const Formula& formula, const ParameterValues& parameters, bool right) {
  // As it was written: simplifying must not change it, and there are digits enough.
  Graph graph = formula.definition().graph;
  const Id slope = derivative(graph, formula.definition().root, graph.variable());
  const std::array<Id, 2> roots = {formula.definition().root, slope};
  Evaluator<Wide> evaluator(graph, roots);
  // As far out as the widest numbers allow: a limit is sharper there.
  for (const int power : {22, 12, 6, 2}) {
    Approach values;
    Approach slopes;
    try {
      for (std::size_t i = 0; i < kSteps; ++i) {
        const double x = std::ldexp(right ? 1.0 : -1.0, power + static_cast<int>(i));
        evaluator.run(Wide(x), parameters);
        values[i] = evaluator[roots[0]];
        slopes[i] = evaluator[roots[1]];
      }
    } catch (const std::exception&) {  // of boost's special functions
      continue;
    }
    const auto is_number = [](const Wide& value) { return !isnan(value); };
    if (std::ranges::all_of(values, is_number) && std::ranges::all_of(slopes, is_number))
      return {as_limit(limit_of(values)), as_limit(limit_of(slopes))};
  }
  return {kNaN, kNaN};
}

class Mender {
 public:
  Mender(const Formula& formula, const ParameterValues& parameters)
      : formula_(formula),
        parameters_(parameters),
        roots_{formula.value(), formula.slope()},
        evaluator_(formula.graph(), roots_) {}

  Point at(float x) {
    if (std::isnan(x)) return {x, x};
    if (std::isinf(x)) {
      const Limit limit = limit_at(formula_, parameters_, x > 0);
      return {static_cast<float>(limit.value), static_cast<float>(limit.slope)};
    }
    bool overflows = false;
    evaluator_.run(double{x}, parameters_,
                   [&](double value) { overflows = overflows || op::is_beyond_doubles(value); });
    const Limit limit = overflows ? limit_at(formula_, parameters_, x > 0) : Limit{};
    return {op::mended(evaluator_[roots_[0]], limit.value, overflows),
            op::mended(evaluator_[roots_[1]], limit.slope, overflows)};
  }

 private:
  const Formula& formula_;
  const ParameterValues& parameters_;
  std::array<Id, 2> roots_;
  Evaluator<double> evaluator_;
};

}  // namespace

Extent extent_of(const Formula& formula, const ParameterValues& parameters) {
  return findings_for(formula, parameters).extent;
}

Limit limit_at(const Formula& formula, const ParameterValues& parameters, bool right) {
  std::optional<Limit>& limit = findings_for(formula, parameters).limits[right ? 1 : 0];
  if (!limit) limit = find_limit(formula, parameters, right);
  return *limit;
}

Point point_at(const Formula& formula, const ParameterValues& parameters, float x) {
  return Mender(formula, parameters).at(x);
}

Ready ready(const Formula& formula, const float* parameters) {
  ParameterValues values;
  std::copy_n(parameters, values.size(), values.begin());
  Ready result{.formula = &formula,
               .value = formula.value_program().view(),
               .both = formula.program().view(),
               .parameters = {},
               .extent = extent_of(formula, values)};
  std::ranges::copy(values, result.parameters);
  return result;
}

void mend(const Ready& formula, const float* x, float* y, float* slope, std::int64_t n) {
  ParameterValues parameters;
  std::ranges::copy(formula.parameters, parameters.begin());
  Mender mender(*formula.formula, parameters);
  for (std::int64_t i = 0; i < n; ++i) {
    const bool is_inside = x[i] >= formula.extent.low && x[i] <= formula.extent.high;
    // Each by itself: f alone has the bits that it has beside f'.
    const bool mends_y = !is_inside || std::isnan(y[i]);
    const bool mends_slope = slope != nullptr && (!is_inside || std::isnan(slope[i]));
    if (!mends_y && !mends_slope) continue;
    const Point point = mender.at(x[i]);
    if (mends_y) y[i] = point.value;
    if (mends_slope) slope[i] = point.slope;
  }
}

}  // namespace saltus::formula
