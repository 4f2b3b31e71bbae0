#include "formula/twins.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

#include <saltus/activation.h>

#include "formula/listed.h"

namespace saltus::formula {
namespace {

constexpr int kPoints = 48;
constexpr double kEnd = 6;
using Values = std::array<double, kPoints>;

/// Between the whole and the half numbers, where kinks are.
double point(std::size_t i) {
  return -kEnd + 2 * kEnd * (static_cast<double>(i) + 0.37) / kPoints;
}

class Search {
 public:
  Search(const Values& f, const kernels::ActivationRef& listed) : f_(f), listed_(listed) {
    // Where f is largest, its ratios lose the fewest digits.
    const auto largest = std::ranges::max_element(
        f_, {}, [](double value) { return std::isfinite(value) ? std::abs(value) : 0; });
    i_ = static_cast<std::size_t>(largest - f_.begin());
    j_ = i_ > kPoints / 2 ? i_ - kPoints / 4 : i_ + kPoints / 4;
  }

  /// The scale of x makes the ratio of two values right, and that of y the values.
  std::optional<RescaledTwin> run() const {
    if (f_[i_] == 0 || !std::isfinite(f_[j_])) return std::nullopt;
    constexpr int kSteps = 160;
    constexpr double kSmallest = 0.1;
    for (const double sign : {1.0, -1.0}) {
      double last = sign * kSmallest;
      for (int step = 1; step <= kSteps; ++step) {
        const double next = sign * kSmallest * std::pow(100.0, static_cast<double>(step) / kSteps);
        if (mismatch(last) * mismatch(next) <= 0) {
          if (const auto found = confirmed(root_between(last, next))) return found;
        }
        last = next;
      }
    }
    return std::nullopt;
  }

 private:
  double listed(double x) const { return evaluate_listed(listed_, false, x); }

  double mismatch(double scale) const {
    return listed(scale * point(i_)) * f_[j_] - listed(scale * point(j_)) * f_[i_];
  }

  double root_between(double a, double b) const {
    const bool below = mismatch(a) < 0;
    for (int i = 0; i < 200 && a != b; ++i) {
      const double middle = a + (b - a) / 2;
      if (middle == a || middle == b) break;
      ((mismatch(middle) < 0) == below ? a : b) = middle;
    }
    return std::abs(mismatch(a)) < std::abs(mismatch(b)) ? a : b;
  }

  std::optional<RescaledTwin> confirmed(double x_scale) const {
    constexpr double kDigits = 1e-10;
    const double y_scale = f_[i_] / listed(x_scale * point(i_));
    if (!std::isfinite(y_scale)) return std::nullopt;
    for (std::size_t i = 0; i < kPoints; ++i) {
      const double ours = y_scale * listed(x_scale * point(i));
      if (!(std::abs(ours - f_[i]) <= kDigits * (std::abs(f_[i]) + 1e-6 * std::abs(f_[i_]))))
        return std::nullopt;
    }
    return RescaledTwin{listed_.id, x_scale, y_scale};
  }

  const Values& f_;
  const kernels::ActivationRef& listed_;
  std::size_t i_ = 0;
  std::size_t j_ = 0;
};

}  // namespace

std::vector<RescaledTwin> rescaled_twins(const Formula& formula,
                                         const ParameterValues& parameters) {
  const std::array<Id, 1> roots = {formula.value()};
  Evaluator<double> evaluator(formula.graph(), roots);
  Values f;
  for (std::size_t i = 0; i < kPoints; ++i) {
    evaluator.run(point(i), parameters);
    f[i] = evaluator[roots[0]];
  }
  std::vector<RescaledTwin> twins;
  const std::vector<ActivationInfo>& list = activation_list();
  for (std::size_t id = 0; id < list.size(); ++id) {
    const kernels::ActivationRef listed = with_defaults(static_cast<int>(id), list[id]);
    // Functions of one shape on each side of 0 take every scale: those are no discoveries.
    if (list[id].name == "linear" || list[id].kinks.at.size() > 0 || list[id].surrogate_slope)
      continue;
    const std::optional<RescaledTwin> twin = Search(f, listed).run();
    if (!twin) continue;
    const bool is_itself = std::abs(twin->x_scale - 1) < 1e-9 && std::abs(twin->y_scale - 1) < 1e-9;
    if (!is_itself) twins.push_back(*twin);
  }
  return twins;
}

}  // namespace saltus::formula
