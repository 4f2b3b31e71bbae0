#include "report/axis.h"

#include <span>

#include <fmt/format.h>

namespace saltus {
namespace {

/// Least percentage missing to 100 % that can be shown.
constexpr double kLeastMissing = 1e-3;

/// Room above and below, as a share of the height.
constexpr double kMargin = 0.05;

/// Widens a range in equal proportions, by a few percent at least.
Range logarithmic_margin(double low, double high) {
  const double factor = std::max(std::pow(high / low, kMargin), 1.02);
  return {low / factor, high * factor};
}

/// Ticks at `steps` times powers of ten inside a range, labelled by `label`.
template <class Label>
std::string ticks(std::span<const double> steps, const Range& range, Label label) {
  std::string list;
  for (int decade = -8; decade <= 8; ++decade) {
    for (const double step : steps) {
      const double value = step * std::pow(10.0, decade);
      if (value < range.low || value > range.high) continue;
      list += fmt::format("{}'{:.6g}' {:.9g}", list.empty() ? "" : ", ", label(value), value);
    }
  }
  return list;
}

/// Steps so fine that a range has some five ticks.
std::span<const double> steps_for(const Range& range) {
  static constexpr double kCoarse[] = {1, 2, 5};
  static constexpr double kFine[] = {1, 1.5, 2, 3, 5, 7};
  static constexpr double kFinest[] = {1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 9};
  const double ratio = range.high / range.low;
  if (ratio > 30) return kCoarse;
  if (ratio > 4) return kFine;
  return kFinest;
}

std::string logarithmic(const std::string& tick_list, double bottom, double top) {
  return fmt::format(
      "set logscale y\nset format y '%g'\nset ytics ({})\nset yrange [{:.9g}:{:.9g}]\n", tick_list,
      bottom, top);
}

}  // namespace

Axis Axis::accuracy(const Range& values) {
  if (values.empty()) return accuracy({0, 1});
  const double most = std::max(100 * (1 - values.low), kLeastMissing);
  const double least = std::max(100 * (1 - values.high), kLeastMissing);
  if (most < 4 * least) {
    const double margin = std::max(kMargin * 100 * (values.high - values.low), 0.05);
    return {Kind::percent, false,
            fmt::format("unset logscale y\nset format y '%.4g'\nset ytics autofreq\n"
                        "set yrange [{:.9g}:{:.9g}]\n",
                        std::max(0.0, 100 * values.low - margin),
                        std::min(100.0, 100 * values.high + margin))};
  }
  Range range = logarithmic_margin(least, most);
  range.high = std::min(range.high, 100.0);
  const auto accuracy_label = [](double missing) { return 100 - missing; };
  return {Kind::missing_percent, true,
          logarithmic(ticks(steps_for(range), range, accuracy_label), range.high, range.low)};
}

Axis Axis::plain(const Range& values) {
  if (values.empty()) return plain({0, 1});
  const double margin = std::max(kMargin * (values.high - values.low), 1e-6);
  return {Kind::plain, false,
          fmt::format("unset logscale y\nset format y '%.3g'\nset ytics autofreq\n"
                      "set yrange [{:.9g}:{:.9g}]\n",
                      values.low - margin, values.high + margin)};
}

Axis Axis::loss(const Range& values) {
  if (values.empty()) return loss({0, 1});
  if (values.low <= 0) return plain(values);
  const Range range = logarithmic_margin(values.low, values.high);
  const auto label = [](double value) { return value; };
  return {Kind::plain, true,
          logarithmic(ticks(steps_for(range), range, label), range.low, range.high)};
}

double Axis::place(double value) const {
  switch (kind_) {
    case Kind::percent:
      return 100 * value;
    case Kind::missing_percent:
      return std::max(100 * (1 - value), kLeastMissing);
    case Kind::plain:
      break;
  }
  return value;
}

}  // namespace saltus
