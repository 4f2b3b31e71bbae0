#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/metric.h>
#include <saltus/nearest.h>

#include "core/custom.h"

namespace saltus {
namespace {

constexpr const auto& kNames = ListedMetrics::kNames;

/// What logs hold beside metrics.
constexpr std::array<std::string_view, 5> kFigures = {"loss", "clipped", "learning_rate", "seconds",
                                                      "images_per_second"};

}  // namespace

Metric Metric::custom(std::string name, Function function) {
  check_custom("metric", name, kNames, function != nullptr);
  if (std::ranges::find(kFigures, name) != kFigures.end()) {
    throw InvalidArgument(
        fmt::format("logs hold another figure named {}; give your metric another name", name));
  }
  Metric metric(ListedMetrics::kCount);
  metric.custom_ = std::make_shared<const Custom>(Custom{std::move(name), std::move(function)});
  return metric;
}

std::string_view Metric::name() const {
  return is_custom() ? std::string_view(custom_->name) : kNames[place_];
}

std::string_view to_string(const Metric& metric) {
  return metric.name();
}

Metric parse_metric(std::string_view name) {
  const auto found = std::ranges::find(kNames, name);
  if (found != kNames.end()) return Metric(static_cast<std::size_t>(found - kNames.begin()));
  throw InvalidArgument(fmt::format("unknown metric '{}'{}", name, suggestion(name, kNames)));
}

}  // namespace saltus
