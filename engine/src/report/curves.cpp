#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/math.h>
#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/number.h"
#include "core/text.h"
#include "report/axis.h"
#include "report/figure.h"
#include "report/gnuplot.h"
#include "report/panels.h"

namespace saltus {
namespace {

/// Beyond this the files of all activations would fill gigabytes.
constexpr int kMostPoints = 100'000;

/// The values that a panel shows, cut to a range in which the function can be compared with x.
Range visible(const Curve& curve) {
  Range range;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    range.include(static_cast<double>(curve.f[i]));
    range.include(static_cast<double>(curve.df[i]));
  }
  if (range.empty()) return {-1, 1};
  const double low = std::min(-1.0, static_cast<double>(curve.x.front()));
  const double high = std::max(1.0, static_cast<double>(curve.x.back()));
  range.low = std::clamp(range.low, low, high);
  range.high = std::clamp(range.high, low, high);
  const double margin = std::max(0.06 * (range.high - range.low), 0.05);
  return {range.low - margin, range.high + margin};
}

/// Whether a kink lies between two places, or at one of them.
bool kink_between(const kernels::Kinks& kinks, float from, float to) {
  return std::any_of(kinks.at.begin(), kinks.at.end(), [&](const kernels::Kink& kink) {
    if (kinks.period == 0) return from <= kink.x && kink.x <= to;
    return std::ceil((from - kink.x) / kinks.period) <= std::floor((to - kink.x) / kinks.period);
  });
}

/// f and f' in words, above a plot.
struct Caption {
  std::vector<std::string> f;
  std::vector<std::string> df;

  std::size_t lines() const { return f.size() + df.size(); }
};

constexpr double kCaptionLine = 10;  // points from one to the next
constexpr double kNameGap = 5;       // and from the first to the name
constexpr std::size_t kCaptionColumns = 40;
constexpr std::size_t kMostLines = 3;

/// The text in lines, cut where it would take more than three.
std::vector<std::string> caption_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (text.size() > kCaptionColumns) {
    if (lines.size() == kMostLines - 1) {
      lines.push_back(std::string(text.substr(0, kCaptionColumns - 4)) + " ...");
      return lines;
    }
    const std::size_t blank = text.rfind(' ', kCaptionColumns);
    const bool is_word = blank == std::string_view::npos;
    lines.emplace_back(text.substr(0, is_word ? kCaptionColumns : blank));
    text.remove_prefix(is_word ? kCaptionColumns : blank + 1);
  }
  lines.emplace_back(text);
  return lines;
}

Caption caption_of(const Activation& activation) {
  const ActivationInfo& info = activation.info();
  return {caption_lines(fmt::format("f = {}", info.formula)),
          caption_lines(fmt::format("f' = {}", info.derivative))};
}

/// The height of a line above the plot, where so many more are below it, as a part of the plot's.
double caption_height(std::size_t below) {
  return 1 + (kCaptionLine * static_cast<double>(below) + 8) / Panels::kPlotHeight;
}

/// The name, and lines in the colours of their curves, from top to bottom.
std::string caption_script(const std::string& name, const Caption& caption) {
  std::size_t below = caption.lines();
  std::string script =
      fmt::format("unset label\nset label {} {} at graph 0.5,{:.4f} center noenhanced\n", below + 1,
                  gnuplot_quote(name), caption_height(below) + kNameGap / Panels::kPlotHeight);
  const auto add = [&](const std::vector<std::string>& lines, std::string_view colour) {
    for (const std::string& line : lines) {
      fmt::format_to(std::back_inserter(script),
                     "set label {} {} at graph 0,{:.4f} left noenhanced font ',7' textcolor '{}'\n",
                     below, gnuplot_quote(line), caption_height(below - 1), colour);
      --below;
    }
  };
  add(caption.f, kColours[0]);
  add(caption.df, kColours[1]);
  return script;
}

std::string panel(const Curve& curve, const Caption& caption, std::size_t number) {
  const kernels::Kinks kinks = curve.activation.kinks();
  std::string script = fmt::format("$curve{} << EOD\n", number);
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    // The derivative jumps: no line leads from one side to the other.
    if (i > 0 && kink_between(kinks, curve.x[i - 1], curve.x[i])) {
      fmt::format_to(std::back_inserter(script), "{} {} NaN\n", curve.x[i], written(curve.f[i]));
    }
    fmt::format_to(std::back_inserter(script), "{} {} {}\n", curve.x[i], written(curve.f[i]),
                   written(curve.df[i]));
  }
  const Range range = visible(curve);
  fmt::format_to(
      std::back_inserter(script),
      "EOD\nset yrange [{1}:{2}]\n{0}"
      "plot $curve{3} using 1:3 with lines linewidth 1.6 linecolor '{4}' dashtype (5,2.5), "
      "$curve{3} using 1:2 with lines linewidth 1.9 linecolor '{5}'\n",
      caption_script(curve.activation.label(), caption), range.low, range.high, number, kColours[1],
      kColours[0]);
  return script;
}

}  // namespace

Curve compute_curve(const Activation& activation, const CurveOptions& options) try {
  if (!(options.from < options.to)) {
    throw InvalidArgument(
        fmt::format("curves run from {} to {}: the first must be the smaller number", options.from,
                    options.to));
  }
  if (options.from < -kernels::math::kLargest || options.to > kernels::math::kLargest) {
    throw InvalidArgument(fmt::format("curves run from {} to {}: both must be in [{:.7g}, {:.7g}]",
                                      options.from, options.to, -kernels::math::kLargest,
                                      kernels::math::kLargest));
  }
  if (static_cast<float>(options.from) == static_cast<float>(options.to)) {
    throw InvalidArgument(
        fmt::format("curves run from {} to {}, between which there is no float32: take more room",
                    options.from, options.to));
  }
  if (options.points < 2 || options.points > kMostPoints) {
    throw InvalidArgument(
        fmt::format("a curve has 2 to {} points, not {}", kMostPoints, options.points));
  }
  Curve curve{.activation = activation, .x = {}, .f = {}, .df = {}};
  for (int i = 0; i < options.points; ++i) {
    const double share = static_cast<double>(i) / (options.points - 1);
    const auto x = static_cast<float>(options.from + (options.to - options.from) * share);
    curve.x.push_back(x);
    curve.f.push_back(activation.f(x));
    curve.df.push_back(activation.df(x));
  }
  if (std::ranges::none_of(curve.f, [](float value) { return std::isfinite(value); })) {
    throw InvalidArgument(fmt::format("{} has no finite value from {} to {}: take a smaller x",
                                      activation.label(), options.from, options.to));
  }
  return curve;
} catch (...) {
  throw_as_promised();
}

void write_curves_csv(const std::filesystem::path& file, const std::vector<Curve>& curves) try {
  std::string text = "activation,x,f,df\n";
  for (const Curve& curve : curves) {
    const std::string name = csv_field(curve.activation.label());
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      fmt::format_to(std::back_inserter(text), "{},{},{},{}\n", name, curve.x[i],
                     written(curve.f[i]), written(curve.df[i]));
    }
  }
  write_file_atomic(file, text);
} catch (...) {
  throw_as_promised();
}

void draw_curves(const std::filesystem::path& folder, const std::vector<Curve>& curves) try {
  std::vector<std::string> panels;
  FigureWords words = {.title = "Activations and their derivatives", .plots = {}};
  std::size_t most_lines = 0;
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const Caption caption = caption_of(curves[i].activation);
    most_lines = std::max(most_lines, caption.lines());
    panels.push_back(panel(curves[i], caption, i));
    words.plots.push_back("derivative of " + curves[i].activation.label());
    words.plots.push_back(curves[i].activation.label());
  }
  words.plots.insert(words.plots.end(), {"key", "f(x)", "f'(x)"});
  const Panels layout(panels.size(),
                      {.caption = static_cast<int>(kCaptionLine) * static_cast<int>(most_lines)});
  const std::string range =
      fmt::format("set xrange [{}:{}]\n", curves.front().x.front(), curves.front().x.back());
  const std::string key = fmt::format(
      "keyentry with lines linewidth 1.9 linecolor '{}' title 'f(x)', "
      "keyentry with lines linewidth 1.6 linecolor '{}' dashtype (5,2.5) title \"f'(x)\"",
      kColours[0], kColours[1]);
  write_figure(folder, "curves", layout.size(), words, layout.script(range, panels, key));
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
