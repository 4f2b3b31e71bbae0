#include "train/monitor.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

namespace saltus::train {

bool should_rise(Direction direction, std::string_view monitor) {
  if (direction != Direction::automatic) return direction == Direction::max;
  return monitor.find("accuracy") != std::string_view::npos;
}

void require_figure(const FitInfo& info, const std::string& monitor, std::string_view callback) {
  if (std::find(info.figures.begin(), info.figures.end(), monitor) != info.figures.end()) return;
  throw InvalidArgument(
      fmt::format("{} watches {}, but this training gives {}; give validation data, or watch one "
                  "of these",
                  callback, monitor, fmt::join(info.figures, ", ")));
}

}  // namespace saltus::train
