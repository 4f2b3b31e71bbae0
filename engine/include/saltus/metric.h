#pragma once

#include <saltus/export.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <saltus/kernels/loss/metrics.h>

namespace saltus {

namespace formula {
class LossFormula;
}

/// What is counted beside the loss: one of the list, such as metrics::BinaryAccuracy{}, a formula,
/// or a function of your own. A small value type.
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

  /// The mean of a formula of an output y and its target t over outputs and samples, such as
  /// "off = abs(y - t) > 0.5"; see Loss::formula(). On a GPU a model has up to eight of them.
  static Metric formula(std::string_view text);

  [[nodiscard]] bool is_custom() const { return custom_ != nullptr; }
  [[nodiscard]] bool is_formula() const { return formula_ != nullptr; }
  [[nodiscard]] bool is_listed() const { return !is_custom() && !is_formula(); }

  /// Its place in the list; for another one without meaning.
  [[nodiscard]] std::size_t place() const { return place_; }

  /// The function of a custom metric.
  [[nodiscard]] const Function& function() const { return custom_->function; }

  /// The formula of a metric that is one, as the engine has it.
  [[nodiscard]] const formula::LossFormula& definition() const { return *formula_; }

  /// "binary_accuracy", or the name that it was given, under which logs hold it; of a formula
  /// without one the formula.
  [[nodiscard]] std::string_view name() const;

  /// Custom metrics are equal if they are copies of one.
  SALTUS_API friend bool operator==(const Metric& a, const Metric& b);

 private:
  struct Custom {
    std::string name;
    Function function;
  };

  explicit Metric(std::size_t place) : place_(place) {}
  friend SALTUS_API Metric parse_metric(std::string_view name);

  std::size_t place_;
  std::shared_ptr<const Custom> custom_;
  std::shared_ptr<const formula::LossFormula> formula_;
};

/// name(), of a formula all of it.
SALTUS_API std::string to_string(const Metric& metric);

/// The metric that to_string() made such a text of, or a formula. Throws InvalidArgument with the
/// known names.
SALTUS_API Metric parse_metric(std::string_view name);

}  // namespace saltus
