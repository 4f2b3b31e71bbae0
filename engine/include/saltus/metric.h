#pragma once

#include <saltus/export.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <saltus/kernels/loss/metrics.h>

namespace saltus {

/// What is counted beside the loss: one of the list, such as metrics::BinaryAccuracy{}, or a
/// function of your own. A small value type.
class SALTUS_API Metric {
 public:
  /// The metric of one sample; see Loss::Function.
  using Function = std::function<double(std::span<const float> y, std::span<const float> t)>;

  template <kernels::MetricEntry M>
  Metric(const M& /*metric*/) : place_(ListedMetrics::place_of<M>()) {  // NOLINT: is a Metric
    static_assert(ListedMetrics::place_of<M>() < ListedMetrics::kCount, "the list lacks a metric");
  }

  /// The mean of a function over the samples, on the CPU; see Loss::custom().
  static Metric custom(std::string name, Function function);

  [[nodiscard]] bool is_custom() const { return custom_ != nullptr; }

  /// Its place in the list; for a custom one without meaning.
  [[nodiscard]] std::size_t place() const { return place_; }

  /// The function of a custom metric.
  [[nodiscard]] const Function& function() const { return custom_->function; }

  /// "binary_accuracy", or the name that it was given, under which logs hold it.
  [[nodiscard]] std::string_view name() const;

  /// Custom metrics are equal if they are copies of one.
  friend bool operator==(const Metric&, const Metric&) = default;

 private:
  struct Custom {
    std::string name;
    Function function;
  };

  explicit Metric(std::size_t place) : place_(place) {}
  friend SALTUS_API Metric parse_metric(std::string_view name);

  std::size_t place_;
  std::shared_ptr<const Custom> custom_;
};

/// name()
SALTUS_API std::string_view to_string(const Metric& metric);

/// The metric of that name. Throws InvalidArgument with the known names.
SALTUS_API Metric parse_metric(std::string_view name);

}  // namespace saltus
