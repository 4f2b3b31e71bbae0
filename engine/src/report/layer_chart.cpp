// The layers of a setting, epoch by epoch, as a picture.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "report/charts.h"
#include "report/layer_means.h"
#include "report/svg.h"

namespace saltus {
namespace {

constexpr double kWidth = 480;
constexpr double kTop = 6;
constexpr double kRow = 16;
constexpr std::size_t kLongestName = 16;
constexpr double kLeft = kCharacterWidth * static_cast<double>(kLongestName) + 12;
constexpr double kRight = kWidth - 8;

/// An epoch a column; of more, the last of several.
constexpr std::size_t kMostColumns = 25;
constexpr std::size_t kMostTicks = 10;
/// Steps of a colour, as of a confusion matrix.
constexpr int kSteps = 8;

int step_of(double share) {
  return share > 0 ? static_cast<int>(std::ceil(std::min(share, 1.0) * kSteps)) : 0;
}

}  // namespace

std::string layer_chart(const std::vector<std::vector<LayerDiagnostics>>& epochs,
                        const std::string& label) {
  if (epochs.empty()) return {};
  const std::size_t layers = epochs.back().size();
  const std::size_t wide = (epochs.size() + kMostColumns - 1) / kMostColumns;
  const double column = (kRight - kLeft) / static_cast<double>(epochs.size());
  const double bottom = kTop + kRow * static_cast<double>(layers);
  Svg svg(kWidth, bottom + 36,
          fmt::format("Dead and saturated units of the layers of {}, epoch by epoch", label));
  for (std::size_t row = 0; row < layers; ++row) {
    const double y = kTop + kRow * static_cast<double>(row);
    svg.text({kLeft - 6, y + kRow / 2 + 4}, "end",
             shortened(epochs.back()[row].layer, kLongestName));
    for (std::size_t begin = 0; begin < epochs.size(); begin += wide) {
      const std::size_t end = std::min(begin + wide, epochs.size());
      const LayerDiagnostics& layer = epochs[end - 1][row];
      const double x = kLeft + column * static_cast<double>(begin);
      const double width = column * static_cast<double>(end - begin);
      svg.begin(fmt::format("{}, epoch {}: {}", layer.layer, end, layer_text(layer)));
      if (std::isnan(layer.dead)) {
        svg.rectangle({x, y}, width, kRow, "stripe");
      } else {
        svg.rectangle({x, y}, width, kRow / 2, fmt::format("wrong{}", step_of(layer.dead)));
        svg.rectangle({x, y + kRow / 2}, width, kRow / 2,
                      fmt::format("right{}", step_of(layer.saturated)));
      }
      svg.end();
    }
  }
  const std::size_t step = (epochs.size() + kMostTicks - 1) / kMostTicks;
  for (std::size_t epoch = 0; epoch < epochs.size(); epoch += step) {
    svg.text({kLeft + column * (static_cast<double>(epoch) + 0.5), bottom + 15}, "middle",
             fmt::to_string(epoch + 1));
  }
  svg.text({(kLeft + kRight) / 2, bottom + 31}, "middle", "epoch", "note");
  return svg.str();
}

}  // namespace saltus
