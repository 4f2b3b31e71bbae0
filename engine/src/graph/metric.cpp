#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/metric.h>
#include <saltus/nearest.h>

#include "core/boundary.h"
#include "core/custom.h"
#include "graph/loss_formula.h"

namespace saltus {
namespace {

constexpr const auto& kNames = ListedMetrics::kNames;

/// What logs hold beside metrics.
constexpr std::array<std::string_view, 5> kFigures = {"loss", "clipped", "learning_rate", "seconds",
                                                      "images_per_second"};

void check_metric_name(std::string_view name, bool has_function) {
  check_custom("metric", name, kNames, has_function);
  if (std::ranges::find(kFigures, name) != kFigures.end()) {
    throw InvalidArgument(
        fmt::format("logs hold another figure named {}; give your metric another name", name));
  }
}

}  // namespace

Metric Metric::custom(std::string name, Function function) {
  check_metric_name(name, function != nullptr);
  Metric metric(ListedMetrics::kCount);
  metric.custom_ = std::make_shared<const Custom>(Custom{std::move(name), std::move(function)});
  return metric;
}

Metric Metric::formula(std::string_view text) try {
  Metric metric(ListedMetrics::kCount);
  metric.formula_ = read_loss_formula(text);
  check_metric_name(metric.formula_->name(), true);
  return metric;
} catch (...) {
  throw_as_promised();
}

std::string_view Metric::name() const {
  if (is_formula()) return formula_->name();
  return is_custom() ? std::string_view(custom_->name) : kNames[place_];
}

bool operator==(const Metric& a, const Metric& b) {
  return a.custom_ == b.custom_ && to_string(a) == to_string(b);
}

std::string to_string(const Metric& metric) {
  return metric.is_formula() ? metric.definition().text() : std::string(metric.name());
}

Metric parse_metric(std::string_view name) {
  if (looks_like_loss_formula(name)) return Metric::formula(name);
  const auto found = std::ranges::find(kNames, name);
  if (found != kNames.end()) return Metric(static_cast<std::size_t>(found - kNames.begin()));
  throw InvalidArgument(fmt::format("unknown metric '{}'{}", name, suggestion(name, kNames)));
}

}  // namespace saltus
