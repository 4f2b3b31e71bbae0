// A confusion matrix as a picture.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "report/charts.h"
#include "report/numbers.h"
#include "report/svg.h"

namespace saltus {
namespace {

constexpr double kWidth = 480;
constexpr double kLeft = 46;
constexpr double kTop = 20;
constexpr double kAccuracy = 62;  ///< wide is the column at the right

/// Steps of a colour: mistakes are few beside what is right, so their share counts by its
/// logarithm, from one in a thousand on.
constexpr int kSteps = 8;

int step_of(double share) {
  if (share <= 0) return 0;
  const double place = 1 + std::log10(std::clamp(share, 1e-3, 1.0)) / 3;
  return 1 + static_cast<int>(std::floor(place * (kSteps - 1) + 1e-9));
}

std::string number(double count) {
  return count == 0
             ? ""
             : fmt::format("{:.{}f}", count, count == std::floor(count) || count >= 10 ? 0 : 1);
}

}  // namespace

std::string confusion_chart(const Confusion& confusion, const std::string& label) {
  const auto classes = static_cast<double>(confusion.classes);
  const double cell = (kWidth - kLeft - kAccuracy) / classes;
  const double row = std::min(cell, 30.0);
  Svg svg(kWidth, kTop + row * classes + 40,
          fmt::format("Confusion matrix of {}: classes by the classes that they were taken for",
                      label));
  for (std::size_t i = 0; i < confusion.classes; ++i) {
    const double y = kTop + row * static_cast<double>(i);
    const double images = confusion.images(i);
    svg.text({kLeft - 6, y + row / 2 + 4}, "end", fmt::to_string(i));
    svg.text({kLeft + cell * (static_cast<double>(i) + 0.5), kTop + row * classes + 15}, "middle",
             fmt::to_string(i));
    for (std::size_t j = 0; j < confusion.classes; ++j) {
      const double x = kLeft + cell * static_cast<double>(j);
      const double count = confusion.at(i, j);
      const int step = images > 0 ? step_of(count / images) : 0;
      svg.begin(text_of(Mistake{.label = i, .predicted = j, .count = count, .images = images}));
      svg.rectangle({x, y}, cell, row, fmt::format("{}{}", i == j ? "right" : "wrong", step));
      svg.text({x + cell / 2, y + row / 2 + 4}, "middle", number(count),
               step > kSteps / 2 ? "on" : "");
      svg.end();
    }
    const double accuracy = confusion.accuracy(i);
    if (std::isfinite(accuracy)) {
      svg.text({kWidth - 4, y + row / 2 + 4}, "end", fmt::format("{} %", percent(accuracy)));
    }
  }
  svg.text({kLeft - 6, kTop - 7}, "end", "class", "note");
  svg.text({kWidth - 4, kTop - 7}, "end", "right", "note");
  svg.text({kLeft + cell * classes / 2, kTop + row * classes + 33}, "middle", "taken for", "note");
  return svg.str();
}

}  // namespace saltus
