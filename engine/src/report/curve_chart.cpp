#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/charts.h"
#include "report/line_names.h"
#include "report/svg.h"

namespace saltus {
namespace {

constexpr double kWidth = 480;
constexpr double kLeft = 64;
constexpr double kTop = 10;
constexpr std::size_t kLongestName = 30;

/// Room for the longest name.
double name_width(const std::vector<Series>& series) {
  std::size_t longest = 8;
  for (const Series& one : series) {
    longest = std::max(longest, std::min(characters_in(one.label), kLongestName));
  }
  return kCharacterWidth * static_cast<double>(longest);
}

class CurveChart {
 public:
  CurveChart(const std::vector<Series>& series, const CurveFigure& figure)
      : series_(series),
        figure_(figure),
        axis_(figure.axis(range())),
        height_(std::max(270.0, kNameHeight * static_cast<double>(series.size()) + 60)),
        bottom_(height_ - 40),
        right_(kWidth - 26 - name_width(series)),
        svg_(kWidth, height_, description()) {}

  std::string draw() {
    draw_axes();
    draw_chance();
    bool empty = true;
    for (const auto& points : points_) empty = empty && points.empty();
    if (empty) {
      svg_.text({(kLeft + right_) / 2, (kTop + bottom_) / 2}, "middle",
                "no epoch ended with finite figures");
    }
    for (std::size_t i = 0; i < series_.size(); ++i) draw_band(i);
    for (std::size_t i = 0; i < series_.size(); ++i) draw_line(i);
    name_chance();
    draw_names();
    return svg_.str();
  }

 private:
  /// Of all values; fills points_ and epochs_.
  Range range() {
    Range range;
    for (const Series& one : series_) {
      points_.push_back(points_of(*one.result, figure_.metric));
      for (const Point& point : points_.back()) {
        range.include(point.range.low);
        range.include(point.range.high);
      }
      epochs_ = std::max(epochs_, epochs_shown(*one.result));
    }
    return range;
  }

  std::string description() const {
    return fmt::format("{} of {} {} over {} {}", figure_.title, series_.size(),
                       series_.size() == 1 ? "setting" : "settings", epochs_,
                       epochs_ == 1 ? "epoch" : "epochs");
  }

  /// Of an epoch that counts from 1.
  double x(int epoch) const {
    if (epochs_ == 1) return right_ - 30;
    return kLeft + 6 + (right_ - kLeft - 12) * (epoch - 1) / (epochs_ - 1);
  }
  double y(double value) const { return bottom_ - (bottom_ - kTop) * axis_.share(value); }

  Place at(std::size_t index, double value) const {
    return {x(static_cast<int>(index) + 1), y(value)};
  }

  std::string colour(std::size_t line) const {
    return fmt::format("c{}", series_[line].style.colour);
  }

  void draw_axes() {
    for (const Tick& tick : axis_.ticks()) {
      const double height = bottom_ - (bottom_ - kTop) * axis_.share_of_place(tick.place);
      svg_.line({kLeft, height}, {right_, height}, "grid");
      svg_.text({kLeft - 6, height + 4}, "end", tick.label);
    }
    svg_.line({kLeft, kTop}, {kLeft, bottom_}, "axis");
    svg_.line({kLeft, bottom_}, {right_, bottom_}, "axis");
    const int step = std::max(1, (epochs_ + 9) / 10);
    for (int epoch = 1; epoch <= epochs_; epoch += step) {
      svg_.line({x(epoch), bottom_}, {x(epoch), bottom_ + 4}, "axis");
      svg_.text({x(epoch), bottom_ + 17}, "middle", fmt::to_string(epoch));
    }
    svg_.text({(kLeft + right_) / 2, bottom_ + 34}, "middle", "epoch");
    svg_.vertical_text({12, (kTop + bottom_) / 2},
                       fmt::format("{}{}", figure_.axis_name, axis_.remark()));
  }

  bool shows_chance() const { return figure_.chance && axis_.shows(*figure_.chance); }

  void draw_chance() {
    if (!shows_chance()) return;
    svg_.line({kLeft, y(*figure_.chance)}, {right_, y(*figure_.chance)}, "chance");
  }

  void name_chance() {
    if (!shows_chance()) return;
    const double height = y(*figure_.chance);
    svg_.text({kLeft + 4, height < kTop + 16 ? height + 13 : height - 4}, "start",
              fmt::format("chance, {:.4g} %", 100 * *figure_.chance), "note");
  }

  /// From the lowest to the highest trial.
  void draw_band(std::size_t line) {
    const std::vector<Point>& points = points_[line];
    if (series_[line].result->trials.size() < 2 || points.empty()) return;
    if (points.size() == 1) {
      svg_.line(at(0, points[0].range.low), at(0, points[0].range.high), colour(line) + " thin");
      return;
    }
    std::vector<Place> edge;
    for (std::size_t i = 0; i < points.size(); ++i) edge.push_back(at(i, points[i].range.low));
    for (std::size_t i = points.size(); i-- > 0;) edge.push_back(at(i, points[i].range.high));
    svg_.polygon(edge, (series_.size() > 6 ? "band faint " : "band ") + colour(line));
  }

  void draw_line(std::size_t line) {
    const std::vector<Point>& points = points_[line];
    if (points.empty()) return;
    std::vector<Place> places;
    for (std::size_t i = 0; i < points.size(); ++i) places.push_back(at(i, points[i].mean));
    const LineStyle& style = series_[line].style;
    svg_.begin(series_[line].label, colour(line));
    if (places.size() > 1) svg_.polyline(places, "line", style.dash);
    const std::size_t step = places.size() <= 24 ? 1 : places.size() / 12;
    for (std::size_t i = places.size(); i-- > 0;) {
      if ((places.size() - 1 - i) % step == 0) svg_.marker(style.marker, places[i], 3.4, {});
    }
    svg_.end();
    const Place end = places.back();
    names_.push_back({.line = line, .end = end, .y = end.y + 4});
  }

  void draw_names() {
    move_apart(names_, kTop + 10, height_ - 8);
    for (const LineName& name : names_) {
      const std::string& label = series_[name.line].label;
      const double left = right_ + 14;
      svg_.begin(label, colour(name.line));
      svg_.line({name.end.x + 5, name.end.y}, {left - 4, name.y - 4}, "leader");
      svg_.marker(series_[name.line].style.marker, {left + 2, name.y - 4}, 3.4, {});
      svg_.text({left + 10, name.y}, "start", shortened(label, kLongestName));
      svg_.end();
    }
  }

  const std::vector<Series>& series_;
  const CurveFigure& figure_;
  std::vector<std::vector<Point>> points_;
  int epochs_ = 1;
  Axis axis_;
  double height_;
  double bottom_;
  double right_;  ///< where the lines end, and names begin a little further
  Svg svg_;
  std::vector<LineName> names_;
};

}  // namespace

std::string curve_chart(const std::vector<Series>& series, const CurveFigure& figure) {
  return CurveChart(series, figure).draw();
}

}  // namespace saltus
