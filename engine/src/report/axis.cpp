#include "report/axis.h"

#include <span>

#include <fmt/format.h>

namespace saltus {
namespace {

/// Least percentage missing to 100 % that can be shown.
constexpr double kLeastMissing = 1e-3;

/// Room above and below, as a share of the height.
constexpr double kMargin = 0.05;

/// The least distance of ticks on an axis, as a share of it: the height of a line of text.
constexpr double kTickRoom = 0.06;

/// Percentage points within which a logarithmic axis of differences is nearly linear.
constexpr double kLinearPoints = 0.5;

/// Widens a range in equal proportions, by a few percent at least.
Range logarithmic_margin(double low, double high) {
  const double factor = std::max(std::pow(high / low, kMargin), 1.02);
  return {low / factor, high * factor};
}

/// Without "-0", and 1e30 for 1e+30.
std::string label_of(double value) {
  std::string label = fmt::format("{:.6g}", value == 0 ? 0 : value);
  std::erase(label, '+');
  return label;
}

/// Some five ticks at multiples of a number of one digit.
std::vector<Tick> linear_ticks(const Range& range, const auto& label) {
  const double rough = (range.high - range.low) / 4;
  const double decade = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = decade * (rough < 1.5 * decade ? 1 : rough < 3.5 * decade ? 2 : 5);
  std::vector<Tick> ticks;
  for (double number = std::ceil(range.low / step); number * step <= range.high; ++number) {
    // Rounded, or the tick at 0.3 would be 0.30000000000000004.
    const double value = std::round(number * step / decade * 10) * decade / 10;
    ticks.push_back({value, label(value)});
  }
  return ticks;
}

/// Ticks at `steps` times powers of ten inside a range.
std::vector<Tick> logarithmic_ticks(std::span<const double> steps, const Range& range,
                                    const auto& label) {
  std::vector<Tick> ticks;
  for (double decade = std::floor(std::log10(range.low)); decade <= std::log10(range.high);
       ++decade) {
    for (const double step : steps) {
      const double value = step * std::pow(10.0, decade);
      if (value < range.low || value > range.high) continue;
      ticks.push_back({value, label(value)});
    }
  }
  return ticks.size() < 3 ? linear_ticks(range, label) : ticks;
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

}  // namespace

Axis::Axis(Kind kind, bool logarithmic, Range ends, std::vector<Tick> ticks)
    : kind_(kind), logarithmic_(logarithmic), ends_(ends) {
  std::ranges::stable_sort(ticks, {}, [](const Tick& tick) { return tick.label.size(); });
  for (Tick& tick : ticks) {
    const auto collides = [&](const Tick& other) {
      return std::abs(share_of_place(tick.place) - share_of_place(other.place)) < kTickRoom;
    };
    if (std::ranges::none_of(ticks_, collides)) ticks_.push_back(std::move(tick));
  }
}

Axis Axis::accuracy(const Range& values) {
  if (values.empty()) return {Kind::percent, false, {0, 100}, linear_ticks({0, 100}, label_of)};
  const double most = std::max(100 * (1 - values.low), kLeastMissing);
  const double least = std::max(100 * (1 - values.high), kLeastMissing);
  if (most < 4 * least) {
    const double margin = std::max(kMargin * 100 * (values.high - values.low), 0.05);
    const Range ends = {std::max(0.0, 100 * values.low - margin),
                        std::min(100.0, 100 * values.high + margin)};
    return {Kind::percent, false, ends, linear_ticks(ends, label_of)};
  }
  Range range = logarithmic_margin(least, most);
  range.high = std::min(range.high, 100.0);
  std::vector<Tick> ticks = logarithmic_ticks(
      steps_for(range), range, [](double missing) { return label_of(100 - missing); });
  return {Kind::missing_percent, true, {range.high, range.low}, std::move(ticks)};
}

Axis Axis::plain(const Range& values) {
  if (values.empty()) return plain({0, 1});
  const double margin =
      std::max({kMargin * (values.high - values.low), 1e-6, 1e-6 * std::abs(values.high)});
  const Range ends = {values.low - margin, values.high + margin};
  return {Kind::plain, false, ends, linear_ticks(ends, label_of)};
}

Axis Axis::loss(const Range& values) {
  if (values.empty()) return loss({0, 1});
  if (values.low <= 0) return plain(values);
  const Range range = logarithmic_margin(values.low, values.high);
  return {Kind::plain, true, range, logarithmic_ticks(steps_for(range), range, label_of)};
}

Axis Axis::difference(const Range& values, bool spread) {
  const double low = 100 * std::clamp(values.low, -1.0, 0.0);
  const double high = 100 * std::clamp(values.high, 0.0, 1.0);
  const double margin = std::max(kMargin * (high - low), 0.05);
  const Range ends = {low - margin, high + margin};
  const auto label = [](double value) {
    return fmt::format("{}{}", value > 0 ? "+" : value < 0 ? "−" : "", label_of(std::abs(value)));
  };
  if (!spread) {
    return {Kind::points, false, ends, linear_ticks(ends, label)};
  }
  const auto place = [](double points) { return std::asinh(points / kLinearPoints); };
  std::vector<Tick> ticks;
  for (const double points : {-100., -30., -10., -3., -1., 0., 1., 3., 10., 30., 100.}) {
    if (points < ends.low || points > ends.high) continue;
    ticks.push_back({place(points), label(points)});
  }
  const double room = kMargin * (place(ends.high) - place(ends.low));
  return {Kind::logarithmic_points,
          true,
          {place(ends.low) - room, place(ends.high) + room},
          std::move(ticks)};
}

double Axis::place(double value) const {
  switch (kind_) {
    case Kind::percent:
    case Kind::points:
      return 100 * value;
    case Kind::missing_percent:
      return std::max(100 * (1 - value), kLeastMissing);
    case Kind::logarithmic_points:
      return std::asinh(100 * value / kLinearPoints);
    case Kind::plain:
      break;
  }
  return value;
}

double Axis::share_of_place(double place) const {
  const bool by_logarithm = logarithmic_ && kind_ != Kind::logarithmic_points;
  const auto scaled = [&](double at) { return by_logarithm ? std::log(at) : at; };
  const double low = scaled(ends_.low);
  return std::clamp((scaled(place) - low) / (scaled(ends_.high) - low), 0.0, 1.0);
}

bool Axis::shows(double value) const {
  const double at = place(value);
  return std::min(ends_.low, ends_.high) <= at && at <= std::max(ends_.low, ends_.high);
}

std::string Axis::setup() const {
  std::string list;
  for (const Tick& tick : ticks_) {
    list += fmt::format("{}'{}' {:.9g}", list.empty() ? "" : ", ", tick.label, tick.place);
  }
  return fmt::format("{} logscale y\nset ytics ({})\nset yrange [{:.9g}:{:.9g}]\n",
                     logarithmic_ ? "set" : "unset", list, ends_.low, ends_.high);
}

}  // namespace saltus
