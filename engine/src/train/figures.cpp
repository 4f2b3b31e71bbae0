#include "train/figures.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::train {
namespace {

constexpr const char* kRoot = "root_mean_squared_error";

/// Takes the sum of a metric that is not listed off `custom`, which begins with it.
double value_of(const Metric& metric, const backend::BatchSums& sums, double outputs,
                std::span<const double>& custom) {
  const auto rows = static_cast<double>(sums.rows);
  if (!metric.is_listed()) {
    const double sum = custom.front();
    custom = custom.subspan(1);
    return sum / rows;
  }
  const std::size_t place = metric.place();
  return sums.metrics[place] / (ListedMetrics::kPerOutput[place] ? rows * outputs : rows);
}

}  // namespace

Figures::Figures(std::vector<Metric> metrics, std::int64_t outputs)
    : metrics_(std::move(metrics)), outputs_(static_cast<double>(outputs)) {
  for (auto metric = metrics_.begin(); metric != metrics_.end(); ++metric) {
    const auto has_its_name = [&](const Metric& other) { return other.name() == metric->name(); };
    if (std::any_of(metrics_.begin(), metric, has_its_name)) {
      throw InvalidArgument(fmt::format("metric {} is given twice", metric->name()));
    }
    if (metric->is_listed() && outputs < ListedMetrics::kLeastOutputs[metric->place()]) {
      throw InvalidArgument(
          fmt::format("metric {} needs {} outputs or more, but the network has {}; use "
                      "binary_accuracy for one",
                      metric->name(), ListedMetrics::kLeastOutputs[metric->place()], outputs));
    }
  }
}

void Figures::report_errors_in(double unit, std::string mean_squared_error) {
  unit_ = unit;
  mean_squared_error_ = std::move(mean_squared_error);
}

std::vector<Metric> Figures::custom() const {
  std::vector<Metric> custom;
  std::ranges::copy_if(metrics_, std::back_inserter(custom),
                       [](const Metric& metric) { return !metric.is_listed(); });
  return custom;
}

std::vector<std::string> Figures::names(const Optimizer& optimizer, bool with_validation) const {
  std::vector<std::string> names = {"loss"};
  for (const Metric& metric : metrics_) names.emplace_back(metric.name());
  if (unit_) names.emplace_back(kRoot);
  const std::size_t measured = names.size();
  if (clips(optimizer)) names.emplace_back("clipped");
  for (std::size_t i = 0; with_validation && i < measured; ++i) {
    names.push_back("val_" + names[i]);
  }
  return names;
}

void Figures::log(const backend::BatchSums& sums, const std::string& prefix, Logs& logs) const {
  logs[prefix + "loss"] = sums.loss / static_cast<double>(sums.rows);
  std::span<const double> custom = sums.custom;
  for (const Metric& metric : metrics_) {
    logs[prefix + std::string(metric.name())] = value_of(metric, sums, outputs_, custom);
  }
  if (!unit_) return;
  logs[prefix + kRoot] = *unit_ * std::sqrt(logs.at(prefix + mean_squared_error_));
  const auto absolute = logs.find(prefix + std::string(metrics::MeanAbsoluteError::kName));
  if (absolute != logs.end()) absolute->second *= *unit_;
}

std::optional<std::string> first_non_finite(const std::vector<std::string>& names,
                                            const Logs& logs) {
  for (const std::string& name : names) {
    const auto figure = logs.find(name);
    if (figure != logs.end() && !std::isfinite(figure->second)) return name;
  }
  return std::nullopt;
}

bool clips(const Optimizer& optimizer) {
  const Clipping& clipping = clipping_of(optimizer);
  return clipping.clipvalue || clipping.clipnorm || clipping.global_clipnorm;
}

void add(std::span<const backend::BatchSums> batches, backend::BatchSums& sums) {
  for (const backend::BatchSums& batch : batches) {
    sums.rows += batch.rows;
    sums.loss += batch.loss;
    for (std::size_t i = 0; i < sums.metrics.size(); ++i) sums.metrics[i] += batch.metrics[i];
    sums.clipped += batch.clipped;
    sums.custom.resize(std::max(sums.custom.size(), batch.custom.size()));
    for (std::size_t i = 0; i < batch.custom.size(); ++i) sums.custom[i] += batch.custom[i];
  }
}

}  // namespace saltus::train
