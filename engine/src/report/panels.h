// Small pictures side by side, under one key.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "report/figure.h"

namespace saltus {

/// Points that a panel has beside its plot.
struct PanelMargins {
  int names = 26;   ///< at the left, for what rows are called
  int caption = 0;  ///< between title and plot
};

/// As many columns of panels as make the picture somewhat wider than high.
class Panels {
 public:
  explicit Panels(std::size_t panels, PanelMargins margins = {});

  FigureSize size() const { return size_; }

  /// How high plots are, in the same points.
  static constexpr int kPlotHeight = 127;

  /// gnuplot's commands: `setup` for all, then each panel, which sets its title and range and
  /// plots; above them the entries of a key.
  std::string script(std::string_view setup, std::span<const std::string> panels,
                     std::string_view key) const;

 private:
  PanelMargins margins_;
  int columns_;
  int rows_;
  FigureSize size_;
};

}  // namespace saltus
