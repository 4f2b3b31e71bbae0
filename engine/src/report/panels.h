// Small pictures side by side, under one key.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "report/figure.h"

namespace saltus {

/// As many columns of panels as make the picture somewhat wider than high.
class Panels {
 public:
  explicit Panels(std::size_t panels);

  FigureSize size() const { return size_; }

  /// gnuplot's commands: `setup` for all, then each panel, which sets its title and range and
  /// plots; above them the entries of a key.
  std::string script(std::string_view setup, std::span<const std::string> panels,
                     std::string_view key) const;

 private:
  int columns_;
  int rows_;
  FigureSize size_;
};

}  // namespace saltus
