// Names at the ends of lines.
#pragma once

#include <cstddef>
#include <vector>

#include "report/svg.h"

namespace saltus {

/// Room for a name, in points from one to the next.
inline constexpr double kNameHeight = 14;

/// A name at the end of its line, in points from the top.
struct LineName {
  std::size_t line = 0;
  Place end;     ///< of the line
  double y = 0;  ///< of the name
};

/// Moves names apart that would overlap, no further than from top to bottom. They are in the order
/// of their places then.
void move_apart(std::vector<LineName>& names, double top, double bottom);

}  // namespace saltus
