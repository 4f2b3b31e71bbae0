#include "report/panels.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

namespace saltus {

namespace {

constexpr int kBelow = 34;  // a plot
constexpr int kAbove = 24;
constexpr int kBesides = 184;

}  // namespace

Panels::Panels(std::size_t panels, PanelMargins margins)
    : margins_(margins),
      columns_(std::clamp(static_cast<int>(std::ceil(std::sqrt(1.3 * static_cast<double>(panels)))),
                          1, 8)),
      rows_((static_cast<int>(panels) + columns_ - 1) / columns_),
      size_{.width = std::max(columns_ * (kBesides + margins.names) + 20, 440),
            .height = rows_ * (kBelow + kPlotHeight + kAbove + margins.caption) + 44} {}

std::string Panels::script(std::string_view setup, std::span<const std::string> panels,
                           std::string_view key) const {
  const double x_margin = 10.0 / size_.width;
  const double top = 40.0 / size_.height;
  std::string script = fmt::format(
      "set encoding utf8\nset multiplot\nunset key\n"
      "set border 3 linecolor '#444444'\n"
      "set tics nomirror out scale 0.5 textcolor '#222222' font ',9'\n"
      "set xzeroaxis linetype 1 linecolor '#c8c8c8' linewidth 0.7\n"
      "set yzeroaxis linetype 1 linecolor '#c8c8c8' linewidth 0.7\n"
      "set format x '%g'\n"
      "set ytics autofreq\n{}",
      setup);
  const double width = (1 - 2 * x_margin) / columns_;
  const double height = (1 - top) / rows_;
  for (std::size_t i = 0; i < panels.size(); ++i) {
    const int row = static_cast<int>(i) / columns_;
    const double left = x_margin + width * (static_cast<int>(i) % columns_);
    const double bottom = 1 - top - height * (row + 1);
    fmt::format_to(std::back_inserter(script),
                   "set lmargin at screen {:.4f}\nset rmargin at screen {:.4f}\n"
                   "set bmargin at screen {:.4f}\nset tmargin at screen {:.4f}\n{}",
                   left + (margins_.names + 8.0) / size_.width, left + width - 8.0 / size_.width,
                   bottom + static_cast<double>(kBelow) / size_.height,
                   bottom + height - static_cast<double>(kAbove + margins_.caption) / size_.height,
                   panels[i]);
  }
  fmt::format_to(std::back_inserter(script),
                 "set lmargin at screen 0.01\nset rmargin at screen 0.99\n"
                 "set tmargin at screen 0.995\nset bmargin at screen {:.4f}\n"
                 "unset border\nunset tics\nunset title\nunset label\nunset object\nunset xlabel\n"
                 "unset xzeroaxis\nunset yzeroaxis\n"
                 "set yrange [0:1]\nset key center center horizontal samplen 3\n"
                 "plot NaN notitle, {}\n"
                 "unset multiplot\n",
                 1 - 32.0 / size_.height, key);
  return script;
}

}  // namespace saltus
