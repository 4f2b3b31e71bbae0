// Charts with a row for each setting.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/charts.h"
#include "report/numbers.h"
#include "report/svg.h"

namespace saltus {
namespace {

constexpr double kWidth = 480;
constexpr double kRanks = 24;  ///< where names begin
constexpr double kTop = 22;
constexpr double kRow = 16;
constexpr std::size_t kLongestName = 30;
constexpr std::size_t kMostWithoutUpperTicks = 30;

/// The frame of such a chart.
class RowChart {
 public:
  RowChart(const std::vector<ChartRow>& rows, double right, Axis axis, std::string_view axis_name,
           std::string_view description)
      : left_(kRanks + name_width(rows) + 12),
        right_(right),
        bottom_(kTop + kRow * static_cast<double>(rows.size()) + 4),
        axis_(std::move(axis)),
        svg_(kWidth, bottom_ + 40, description) {
    for (std::size_t row = 1; row < rows.size(); row += 2) {
      svg_.rectangle({0, y(row) - kRow / 2}, kWidth, kRow, "stripe");
    }
    for (const Tick& tick : ticks_with_room()) {
      const double place = left_ + (right_ - left_) * axis_.share_of_place(tick.place);
      svg_.line({place, kTop}, {place, bottom_}, "grid");
      svg_.text({place, bottom_ + 16}, "middle", tick.label);
      if (rows.size() > kMostWithoutUpperTicks) svg_.text({place, kTop - 6}, "middle", tick.label);
    }
    svg_.line({left_, bottom_}, {right_, bottom_}, "axis");
    svg_.text({(left_ + right_) / 2, bottom_ + 33}, "middle",
              fmt::format("{}{}", axis_name, axis_.remark()));
  }

  Svg& svg() { return svg_; }
  const Axis& axis() const { return axis_; }
  double left() const { return left_; }
  double x(double value) const { return left_ + (right_ - left_) * axis_.share(value); }
  double y(std::size_t row) const { return kTop + kRow * (static_cast<double>(row) + 0.5) + 2; }

  void upright(double value, std::string_view classes) {
    svg_.line({x(value), kTop}, {x(value), bottom_}, classes);
  }

  /// Begins a row, which end() of the picture ends.
  void begin(std::size_t row, const ChartRow& of, std::string_view title) {
    svg_.begin(title);
    svg_.text({10, y(row) + 4}, "middle", of.rank, "note");
    svg_.text({left_ - 8, y(row) + 4}, "end", shortened(of.label, kLongestName));
  }

  /// A line with ends; what is beyond the axis has none.
  void whisker(std::size_t row, const Interval& interval) {
    svg_.line({x(interval.low), y(row)}, {x(interval.high), y(row)}, "whisker");
    for (const double end : {interval.low, interval.high}) {
      if (!axis_.shows(end)) continue;
      svg_.line({x(end), y(row) - 3.5}, {x(end), y(row) + 3.5}, "whisker");
    }
  }

 private:
  static double name_width(const std::vector<ChartRow>& rows) {
    std::size_t longest = 8;
    for (const ChartRow& row : rows) {
      longest = std::max(longest, std::min(characters_in(row.label), kLongestName));
    }
    return kCharacterWidth * static_cast<double>(longest);
  }

  /// Whether the labels of two ticks would stand in each other.
  bool collide(const Tick& a, const Tick& b) const {
    const auto characters = static_cast<double>(characters_in(a.label) + characters_in(b.label));
    return std::abs(axis_.share_of_place(a.place) - axis_.share_of_place(b.place)) *
               (right_ - left_) <
           characters * kCharacterWidth / 2 + 6;
  }

  /// Those whose labels have room beside each other: on a linear axis at equal distances.
  std::vector<Tick> ticks_with_room() const {
    std::vector<Tick> all = axis_.ticks();
    std::vector<Tick> kept;
    if (axis_.is_logarithmic()) {
      for (const Tick& tick : all) {
        const auto collides = [&](const Tick& other) { return collide(tick, other); };
        if (std::ranges::none_of(kept, collides)) kept.push_back(tick);
      }
      return kept;
    }
    std::ranges::sort(all, {}, &Tick::place);
    const auto zero = std::ranges::find(all, 0, &Tick::place);
    const auto origin = zero == all.end() ? 0 : zero - all.begin();
    for (std::ptrdiff_t step = 1;; ++step) {
      kept.clear();
      for (std::ptrdiff_t i = origin % step; i < std::ssize(all); i += step) {
        kept.push_back(all[static_cast<std::size_t>(i)]);
      }
      const auto collides = [&](const Tick& a, const Tick& b) { return collide(a, b); };
      if (std::ranges::adjacent_find(kept, collides) == kept.end()) return kept;
    }
  }

  double left_;
  double right_;
  double bottom_;
  Axis axis_;
  Svg svg_;
};

/// What both intervals and values span, where the intervals do not go far beyond: those of two
/// seeds would squeeze all else.
Range wide_range(const Range& values, const Range& intervals, const Score& score) {
  const double least = score.is_error ? 0.02 * std::abs(values.high) : 0.02;
  const double reach = std::max(values.high - values.low, least);
  return {std::max(intervals.low, values.low - reach),
          std::min(intervals.high, values.high + reach)};
}

/// Whether one is so large that half of them would be next to 0.
bool is_spread(std::vector<double> sizes) {
  std::ranges::sort(sizes);
  return !sizes.empty() && sizes.back() > 4 * sizes[sizes.size() / 2];
}

}  // namespace

std::string forest_chart(const std::vector<ChartRow>& rows, const Score& score,
                         const std::string& reference,
                         std::optional<PairedComparison> SettingResult::*comparison) {
  Range values;
  Range intervals;
  values.include(0);
  std::vector<ChartRow> shown;
  std::vector<double> sizes;
  for (const ChartRow& row : rows) {
    const auto& compared = row.result->*comparison;
    if (!compared) continue;
    shown.push_back(row);
    sizes.push_back(std::abs(compared->difference));
    values.include(compared->difference);
    intervals.include(compared->interval.low);
    intervals.include(compared->interval.high);
  }
  constexpr double kRight = 354;
  const Range range = wide_range(values, intervals, score);
  RowChart chart(shown, kRight,
                 score.is_error ? Axis::plain(range) : Axis::difference(range, is_spread(sizes)),
                 score.is_error ? fmt::format("difference of {}", score.name)
                                : "difference, percentage points",
                 fmt::format("Differences of {} settings to {}, with 95 % intervals", shown.size(),
                             reference));
  chart.upright(0, "zero");
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const PairedComparison& compared = *(shown[i].result->*comparison);
    chart.begin(
        i, shown[i],
        fmt::format("{}: {}{}, 95 % interval {} to {}, {} (Holm)", shown[i].label,
                    difference_text(score, compared.difference), difference_unit_of(score),
                    difference_text(score, compared.interval.low),
                    difference_text(score, compared.interval.high), p_equation(compared.p_holm)));
    chart.whisker(i, compared.interval);
    chart.svg().marker(5, {chart.x(compared.difference), chart.y(i)}, 3, "ink");
    chart.svg().text({kRight + 54, chart.y(i) + 4}, "end",
                     difference_text(score, compared.difference));
    chart.svg().text({kRight + 60, chart.y(i) + 4}, "start", p_equation(compared.p_holm),
                     compared.p_holm < 0.05 ? "strong" : "note");
    chart.svg().end();
  }
  return chart.svg().str();
}

std::string dot_chart(const std::vector<ChartRow>& rows, const Score& score,
                      const std::optional<double>& chance) {
  Range values;
  Range intervals;
  for (const ChartRow& row : rows) {
    for (const double value : last_values(*row.result, score)) values.include(value);
    if (row.result->ok == 0) continue;
    const Summary& summary = row.result->last.at(score.val());
    intervals.include(summary.mean);
    if (!summary.interval) continue;
    intervals.include(std::max(summary.interval->low, 0.0));
    intervals.include(score.is_error ? summary.interval->high
                                     : std::min(summary.interval->high, 1.0));
  }
  const Range range = values.empty() ? values : wide_range(values, intervals, score);
  RowChart chart(
      rows, 466, score.is_error ? Axis::plain(range) : Axis::accuracy(range), score_in_full(score),
      fmt::format("{} of {} {}: every seed, mean, 95 % interval", capitalized(score.name),
                  rows.size(), rows.size() == 1 ? "setting" : "settings"));
  if (chance && !values.empty() && chart.axis().shows(*chance)) {
    chart.upright(*chance, "chance");
    if (rows.size() <= kMostWithoutUpperTicks) {
      chart.svg().text({chart.x(*chance) + 3, kTop - 6}, "start", "chance", "note");
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const SettingResult& result = *rows[i].result;
    if (result.ok == 0) {
      const std::string words = end_in_words(result);
      chart.begin(i, rows[i], fmt::format("{}: {}", rows[i].label, words));
      chart.svg().text({chart.left() + 6, chart.y(i) + 4}, "start", words, "note");
    } else {
      const Summary& summary = result.last.at(score.val());
      chart.begin(
          i, rows[i],
          fmt::format("{}: {}{}", rows[i].label, with_interval(score, summary), unit_of(score)));
      if (summary.interval) chart.whisker(i, *summary.interval);
      for (const double value : last_values(result, score)) {
        chart.svg().marker(6, {chart.x(value), chart.y(i)}, 3, "seed");
      }
      chart.svg().marker(13, {chart.x(summary.mean), chart.y(i)}, 3.6, "ink");
    }
    chart.svg().end();
  }
  return chart.svg().str();
}

}  // namespace saltus
