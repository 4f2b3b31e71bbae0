#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "report/axis.h"
#include "report/charts.h"
#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/learned_parameters.h"
#include "report/line_names.h"
#include "report/numbers.h"
#include "report/outputs.h"
#include "report/series.h"

namespace saltus {
namespace {

/// One graph of a picture.
struct Panel {
  std::string title;
  std::string metric;
};

/// Graphs beside each other, under one vertical axis.
struct Row {
  std::string label;
  Axis (*axis)(const Range&);
  std::vector<Panel> panels;
  std::optional<double> chance = {};  ///< what a network that knows nothing has
};

/// All settings, best first. A long formula has no place in a key: tables have all of it.
std::vector<Series> legend_series(const SweepResult& result) {
  constexpr std::size_t kLongest = 48;
  std::vector<Series> series = make_series(result, by_rank(result));
  for (Series& one : series) one.label = shortened(one.label, kLongest);
  return series;
}

std::string describe(const SweepPlan& plan) {
  const SweepConfig& config = plan.config;
  std::string conditions =
      fmt::format("{}, {}, {}, {}", images_text(config, *plan.data), network_text(config),
                  label_of(config.loss), to_string(config.precision));
  if (config.libraries != Libraries{}) conditions += ", " + to_string(config.libraries);
  if (config.seeds == 1) return conditions + ", one seed";
  if (config.until_decided)
    return conditions +
           fmt::format("; mean of {} seeds or more, band from lowest to highest", config.seeds);
  return conditions + fmt::format("; mean of {} seeds, band from lowest to highest", config.seeds);
}

/// More lines than this have a legend: their names have no room at their ends.
constexpr std::size_t kMostNamed = 12;

/// A picture: rows of panels, in which each line has its name at its end, or, where there are many,
/// a legend to the right of them. All lengths are shares of the picture.
class SweepFigure {
 public:
  SweepFigure(const std::vector<Series>& series, const Drawing& drawing, int height)
      : series_(series),
        drawing_(drawing),
        first_(static_cast<int>(drawing.first_epoch) + 1),
        named_(series.size() <= kMostNamed) {
    for (const Series& one : series) {
      longest_ = std::max(longest_, characters_in(one.label));
      bands_ = bands_ || one.result->trials.size() > 1;
      epochs_ = std::max(epochs_, epochs_shown(*one.result));
    }
    const auto entries = static_cast<int>(series.size());
    size_.height = named_ ? height : std::max(height, 110 + 17 * entries);
  }

  std::vector<std::string> write(std::string_view name, std::string_view what,
                                 const std::vector<Row>& rows) {
    words_.title = fmt::format("{}: {}", title_of(*drawing_.plan.data), what);
    choose_width(rows);
    script_ =
        "set encoding utf8\n"
        "set multiplot\n"
        "set border 3 linecolor '#444444'\n"
        "set tics nomirror out scale 0.6 textcolor '#222222'\n"
        "set format x '%g'\n"
        "set grid ytics linetype 1 linecolor '#e4e4e4' linewidth 0.6\n"
        "unset key\n";
    script_ += fmt::format("set xrange [{}:{}]\n", first_ - margin(), epochs_ + margin());
    const int step = std::max(1, (epochs_ - first_ + 10) / 10);
    script_ += fmt::format("set xtics {}\n", step);
    text(left_ / size_.width, from_top(22), "left", "font ',15'", words_.title);
    text(left_ / size_.width, from_top(42), "left", "textcolor '#555555'", describe(drawing_.plan));
    for (std::size_t i = 0; i < rows.size(); ++i) draw_row(rows[i], i, rows.size());
    if (!named_) draw_legend();
    script_ += "unset multiplot\n";
    return write_figure(drawing_.folder, name, size_, words_, script_, drawing_.formats);
  }

 private:
  double from_top(double points) const { return 1 - points / size_.height; }

  /// Epochs left free at both ends of the axis.
  double margin() const { return epochs_ == first_ ? 0.5 : 0.02 * (epochs_ - first_); }

  /// Panels side by side have as much room in any picture; ticks, names and legend come on top.
  void choose_width(const std::vector<Row>& rows) {
    constexpr double kPanels = 723;
    std::size_t columns = 1;
    std::size_t tick = 4;
    for (const Row& row : rows) {
      columns = std::max(columns, row.panels.size());
      const Axis axis = axis_of(row);
      for (const Tick& one : axis.ticks()) tick = std::max(tick, characters_in(one.label));
    }
    const double ticks = 14 + kLetter * static_cast<double>(tick);
    const double letters = kLetter * static_cast<double>(std::min(longest_, kLongestName));
    const double names = named_ ? kNamePlace + 12 + letters : 0;
    left_ = 26 + ticks;
    gap_ = names + ticks;
    right_ = left_ + kPanels + gap_ * static_cast<double>(columns - 1);
    const double legend = 75 + kLetter * static_cast<double>(longest_);
    size_.width = static_cast<int>(right_ + (named_ ? names : legend) + 8);
  }

  void text(double x, double y, std::string_view align, std::string_view look,
            std::string_view words) {
    script_ += fmt::format("set label {} at screen {:.4f},{:.4f} {} {}\n", gnuplot_quote(words), x,
                           y, align, look);
  }

  /// One axis for all panels of a row.
  Axis axis_of(const Row& row) const {
    Range range;
    for (const Panel& panel : row.panels) {
      for (const Series& one : series_) {
        for (const Point& point : points(one, panel)) {
          range.include(point.range.low);
          range.include(point.range.high);
        }
      }
    }
    return row.axis(range);
  }

  void draw_row(const Row& row, std::size_t index, std::size_t count) {
    const Axis axis = axis_of(row);
    const double top_edge = from_top(62);
    const double bottom_edge = 20.0 / size_.height;
    const double row_height = (top_edge - bottom_edge) / static_cast<double>(count);
    const double top = top_edge - row_height * static_cast<double>(index) - 22.0 / size_.height;
    const double bottom = top_edge - row_height * static_cast<double>(index + 1) +
                          (index + 1 == count ? 36.0 : 28.0) / size_.height;
    script_ += fmt::format("set tmargin at screen {:.4f}\nset bmargin at screen {:.4f}\n{}", top,
                           bottom, axis.setup());
    panel_height_ = (top - bottom) * size_.height;
    const auto columns = static_cast<double>(row.panels.size());
    const double width = (right_ - left_ - gap_ * (columns - 1)) / columns;
    panel_width_ = width;
    for (std::size_t i = 0; i < row.panels.size(); ++i) {
      const double left = left_ + static_cast<double>(i) * (width + gap_);
      script_ += fmt::format("set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n",
                             left / size_.width, (left + width) / size_.width);
      script_ += fmt::format("set xlabel {} offset 0,0.4\n",
                             gnuplot_quote(index + 1 == count ? "epoch" : ""));
      script_ += fmt::format("set title {} offset 0,-0.5\n", gnuplot_quote(row.panels[i].title));
      if (i == 0) {
        text(14.0 / size_.width, (top + bottom) / 2, "center", "rotate",
             row.label + std::string(axis.remark()));
      }
      draw_chance(row, axis, i + 1 == row.panels.size());
      draw_panel(row.panels[i], axis);
      script_ += "unset label\nunset arrow\n";
    }
  }

  /// From the first epoch that is drawn.
  std::vector<Point> points(const Series& series, const Panel& panel) const {
    std::vector<Point> all = points_of(*series.result, panel.metric);
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(
                                             std::min(drawing_.first_epoch, all.size())));
    return all;
  }

  void draw_chance(const Row& row, const Axis& axis, bool named) {
    if (!row.chance || !axis.shows(*row.chance)) return;
    const double height = axis.place(*row.chance);
    script_ += fmt::format(
        "set arrow from graph 0,first {0:.9g} to graph 1,first {0:.9g} nohead back dashtype 2 "
        "linecolor '#777777'\n",
        height);
    if (!named) return;
    script_ += fmt::format(
        "set label 'chance, {:.4g} %' at graph 0.99,first {:.9g} right offset 0,0.5 textcolor "
        "'#555555'\n",
        100 * *row.chance, height);
  }

  void draw_panel(const Panel& panel, const Axis& axis) {
    std::string bands;
    std::string lines;
    std::vector<std::string> names;
    std::vector<LineName> ends;
    for (std::size_t i = 0; i < series_.size(); ++i) {
      const std::vector<Point> points = this->points(series_[i], panel);
      if (points.empty()) continue;
      script_ += fmt::format("$line{} << EOD\n", i);
      for (std::size_t epoch = 0; epoch < points.size(); ++epoch) {
        const Point& point = points[epoch];
        script_ +=
            fmt::format("{} {} {} {}\n", static_cast<int>(epoch) + first_, axis.place(point.mean),
                        axis.place(point.range.low), axis.place(point.range.high));
      }
      script_ += "EOD\n";
      ends.push_back(end_of(i, points, axis));
      const LineStyle& style = series_[i].style;
      if (bands_) {
        bands += points.size() > 1
                     ? fmt::format(
                           "$line{} using 1:3:4 with filledcurves fillstyle transparent "
                           "solid 0.15 noborder linecolor '{}', ",
                           i, kColours[style.colour])
                     : fmt::format(
                           "$line{} using 1:2:3:4 with yerrorbars pointtype 0 linewidth 1 "
                           "linecolor '{}', ",
                           i, kColours[style.colour]);
      }
      lines += fmt::format("$line{} using 1:2 with {}, ", i, look(style));
      names.push_back(series_[i].label);
    }
    if (bands_) words_.plots.insert(words_.plots.end(), names.begin(), names.end());
    if (names.empty()) {
      lines = "NaN";
      names.emplace_back("nothing");
      script_ +=
          "set label 'no epoch ended with finite figures' at graph 0.5,0.5 center textcolor "
          "'#555555'\n";
    }
    words_.plots.insert(words_.plots.end(), names.begin(), names.end());
    if (named_) draw_names(std::move(ends));
    script_ += fmt::format("plot {}{}\n", bands, lines);
  }

  /// Where a line ends, in points from the upper left corner of its panel.
  LineName end_of(std::size_t line, const std::vector<Point>& points, const Axis& axis) const {
    const double epochs = epochs_ - first_ + 2 * margin();
    const double x = (static_cast<double>(points.size()) - 1 + margin()) / epochs;
    const double y = 1 - axis.share_of_place(axis.place(points.back().mean));
    return {.line = line, .end = {x * panel_width_, y * panel_height_}, .y = y * panel_height_};
  }

  /// Each name beside its marker, and a thin line from there to the end of its line.
  void draw_names(std::vector<LineName> names) {
    move_apart(names, 4, panel_height_ - 4);
    const auto graph = [&](double x, double y) {
      return fmt::format("graph {:.4f},graph {:.4f}", x / panel_width_, 1 - y / panel_height_);
    };
    for (const LineName& name : names) {
      const Series& one = series_[name.line];
      const std::string_view colour = kColours[one.style.colour];
      script_ += fmt::format("set arrow from {} to {} nohead linewidth 0.5 linecolor '{}'\n",
                             graph(name.end.x, name.end.y),
                             graph(panel_width_ + kNamePlace - 5, name.y), colour);
      script_ += fmt::format(
          "set label {} at {} left point pointtype {} pointsize 0.75 linecolor '{}' offset 0.9,0 "
          "textcolor '#222222'\n",
          gnuplot_quote(shortened(one.label, kLongestName)),
          graph(panel_width_ + kNamePlace, name.y), one.style.marker, colour);
    }
  }

  std::string look(const LineStyle& style) const {
    return fmt::format(
        "linespoints linewidth 1.7 linecolor '{}' dashtype {} pointtype {} "
        "pointsize {}",
        kColours[style.colour], style.dash, style.marker, epochs_ <= 12 ? 0.75 : 0.5);
  }

  void draw_legend() {
    script_ += fmt::format(
        "set lmargin at screen {:.4f}\nset rmargin at screen 0.995\n"
        "set tmargin at screen {:.4f}\nset bmargin at screen 0.02\n"
        "unset border\nunset tics\nunset xlabel\nunset title\nunset logscale\n"
        "unset grid\nset xrange [0:1]\nset yrange [0:1]\n"
        "set key left top Left reverse samplen 2.6 spacing 1.15 noopaque width 0 title {} "
        "left\nplot NaN notitle",
        (right_ + 6) / size_.width, from_top(66), gnuplot_quote("best first"));
    words_.plots.emplace_back("key");
    for (const Series& one : series_) {
      words_.plots.push_back(one.label);
      script_ +=
          fmt::format(", keyentry with {} title {}", look(one.style), gnuplot_quote(one.label));
    }
    script_ += "\n";
  }

  static constexpr double kNamePlace = 20;  ///< of the markers of names, from the panel
  static constexpr double kLetter = 7.5;
  static constexpr std::size_t kLongestName = 30;

  const std::vector<Series>& series_;
  const Drawing& drawing_;
  int first_;  ///< epoch, from 1
  bool named_;
  FigureSize size_;
  std::size_t longest_ = 0;  ///< characters of a label
  double left_ = 0;          ///< edge of the panels, in points, as all that follows
  double gap_ = 0;           ///< between panels
  double right_ = 0;         ///< edge of the panels
  double panel_width_ = 0;
  double panel_height_ = 0;
  int epochs_ = 1;
  bool bands_ = false;
  FigureWords words_;
  std::string script_;
};

/// A row for each parameter's name, a panel for each layer that learns one.
std::vector<Row> rows_of(const std::set<std::string>& learned) {
  std::map<std::string, Row> rows;
  for (const std::string& name : learned) {
    const std::size_t slash = name.rfind('/');
    const std::string parameter = name.substr(slash + 1);
    Row& row = rows[parameter];
    row.label = parameter;
    row.axis = &Axis::plain;
    row.panels.push_back({.title = name.substr(0, slash), .metric = name});
  }
  std::vector<Row> result;
  result.reserve(rows.size());
  for (auto& [parameter, row] : rows) result.push_back(std::move(row));
  return result;
}

/// A row for each figure of the task but the loss: training and what ranks.
std::vector<Row> score_rows(const Drawing& drawing) {
  const Score& score = drawing.result.score;
  std::vector<Row> rows;
  for (const std::string_view figure : figures_of(drawing.plan.data->task)) {
    if (figure == "loss") continue;
    const std::string metric(figure);
    const ShownFigure shown = shown_figure(figure, score);
    const bool first = rows.empty();
    rows.push_back({.label = score.is_error ? shown.axis_name
                             : first        ? score_in_full(score)
                                            : "binary accuracy, %",
                    .axis = shown.axis,
                    .panels = {{first ? "training (dropout on)" : "", metric},
                               {first ? evaluated_images(drawing.plan) : "", "val_" + metric}},
                    .chance = chance_level(*drawing.plan.data, metric)});
  }
  return rows;
}

}  // namespace

std::vector<std::string> draw_accuracy(std::string_view name, const Drawing& drawing) {
  if (drawing.result.score.is_error) return {};  // draw_loss() has it
  const std::vector<Series> series = legend_series(drawing.result);
  const std::vector<Row> rows = score_rows(drawing);
  return SweepFigure(series, drawing, rows.size() > 1 ? 640 : 400)
      .write(name, fmt::format("{} by activation", drawing.result.score.name), rows);
}

std::vector<std::string> draw_loss(std::string_view name, const Drawing& drawing) {
  const std::vector<Series> series = legend_series(drawing.result);
  const bool errors = drawing.result.score.is_error;
  std::vector<Row> rows = errors ? score_rows(drawing) : std::vector<Row>();
  rows.push_back({.label = label_of(drawing.plan.config.loss),
                  .axis = &Axis::loss,
                  .panels = {{errors ? "" : "training (dropout on)", "loss"},
                             {errors ? "" : evaluated_images(drawing.plan), "val_loss"}}});
  return SweepFigure(series, drawing, errors ? 880 : 400)
      .write(name, errors ? "errors and loss by activation" : "loss by activation", rows);
}

std::vector<std::string> draw_parameters(std::string_view name, const Drawing& drawing) {
  const std::set<std::string> learned = learned_parameters(drawing.result);
  if (learned.empty()) return {};
  std::vector<Series> series = legend_series(drawing.result);
  std::erase_if(series,
                [](const Series& one) { return !one.result->setting.activation.is_learned(); });
  const std::vector<Row> rows = rows_of(learned);
  return SweepFigure(series, drawing, 100 + 270 * static_cast<int>(rows.size()))
      .write(name, "learned parameters of activations", rows);
}

}  // namespace saltus
