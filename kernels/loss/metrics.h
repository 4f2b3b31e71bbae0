// The list of metrics. Everything else is made from it: parsing and printing, the figures of an
// epoch, models' files, the CPU's loop, the CUDA kernels. CONTRIBUTING.md shows how to add one.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <saltus/kernels/math.h>
#include <saltus/kernels/portable.h>

namespace saltus {
namespace kernels {

/// A sample as a metric sees it, with outputs y and targets t.
struct MetricSample {
  int outputs;         ///< how many
  int predicted;       ///< the first of the largest y
  int target;          ///< the first of the largest t
  double y_of_target;  ///< y of that output
};

/// An entry of the list. Its value is the sum of of_sample() over the samples, divided by their
/// number, and by that of the outputs if kPerOutput is set.
template <class M>
concept MetricEntry = std::is_empty_v<M> && requires(const MetricSample& sample, double number) {
  // Its name, under which logs hold it.
  { M::kName } -> std::convertible_to<std::string_view>;
  // How many outputs it needs, and how many times those samples it divides by.
  { M::kLeastOutputs } -> std::convertible_to<int>;
  { M::kPerOutput } -> std::convertible_to<bool>;
  // What an output (y, t) adds to a sum over the sample, and what a sample makes of that sum.
  { M::of_output(sample, number, number) } -> std::same_as<double>;
  { M::of_sample(sample, number) } -> std::same_as<double>;
};

}  // namespace kernels

namespace metrics {

/// Share of outputs on the right side of 0.5, over samples and classes: with ten classes, chance is
/// 0.9. Keras rounds, and 0.5 rounds to 0.
struct BinaryAccuracy {
  static constexpr std::string_view kName = "binary_accuracy";
  static constexpr int kLeastOutputs = 1;
  static constexpr bool kPerOutput = true;
  SALTUS_HD static double of_output(const kernels::MetricSample& /*sample*/, double y, double t) {
    return (y > 0.5 ? 1.0 : 0.0) == t ? 1.0 : 0.0;
  }
  SALTUS_HD static double of_sample(const kernels::MetricSample& /*sample*/, double sum) {
    return sum;
  }
};

/// Share of samples whose largest output is the target class (the first of equals).
struct CategoricalAccuracy {
  static constexpr std::string_view kName = "categorical_accuracy";
  static constexpr int kLeastOutputs = 2;
  static constexpr bool kPerOutput = false;
  SALTUS_HD static double of_output(const kernels::MetricSample& /*sample*/, double /*y*/,
                                    double /*t*/) {
    return 0;
  }
  SALTUS_HD static double of_sample(const kernels::MetricSample& sample, double /*sum*/) {
    return sample.predicted == sample.target ? 1.0 : 0.0;
  }
};

/// Share of samples in which fewer than five outputs are larger than that of the target class,
/// which must not be NaN.
struct Top5CategoricalAccuracy {
  static constexpr std::string_view kName = "top_5_categorical_accuracy";
  static constexpr int kLeastOutputs = 2;
  static constexpr bool kPerOutput = false;
  SALTUS_HD static double of_output(const kernels::MetricSample& sample, double y, double /*t*/) {
    return y > sample.y_of_target ? 1.0 : 0.0;
  }
  SALTUS_HD static double of_sample(const kernels::MetricSample& sample, double larger) {
    return larger < 5 && sample.y_of_target == sample.y_of_target ? 1.0 : 0.0;
  }
};

/// mean |y - t|
struct MeanAbsoluteError {
  static constexpr std::string_view kName = "mean_absolute_error";
  static constexpr int kLeastOutputs = 1;
  static constexpr bool kPerOutput = false;
  SALTUS_HD static double of_output(const kernels::MetricSample& /*sample*/, double y, double t) {
    return kernels::math::abs(y - t);
  }
  SALTUS_HD static double of_sample(const kernels::MetricSample& sample, double sum) {
    return sum / sample.outputs;
  }
};

}  // namespace metrics

namespace kernels {

/// A list of entries, as a type, and what is done for all of them.
template <MetricEntry... M>
struct MetricTypes {
  static constexpr std::size_t kCount = sizeof...(M);
  static constexpr std::array<std::string_view, kCount> kNames = {M::kName...};
  static constexpr std::array<int, kCount> kLeastOutputs = {M::kLeastOutputs...};
  static constexpr std::array<bool, kCount> kPerOutput = {M::kPerOutput...};

  /// The place of an entry, or kCount.
  template <class Entry>
  static constexpr std::size_t place_of() {
    std::size_t place = 0;
    static_cast<void>(((std::is_same_v<Entry, M> || (++place, false)) || ...));
    return place;
  }

  /// Adds an output to each metric's sum over the sample.
  SALTUS_HD static void add_output(const MetricSample& sample, double y, double t,
                                   double (&sums)[kCount]) {
    std::size_t i = 0;
    ((sums[i++] += M::of_output(sample, y, t)), ...);
  }

  /// The sums become what each metric makes of them.
  SALTUS_HD static void end_sample(const MetricSample& sample, double (&sums)[kCount]) {
    std::size_t i = 0;
    ((sums[i] = M::of_sample(sample, sums[i]), ++i), ...);
  }
};

}  // namespace kernels

/// All metrics. A place in the list never leaves memory.
using ListedMetrics =
    kernels::MetricTypes<metrics::BinaryAccuracy, metrics::CategoricalAccuracy,
                         metrics::Top5CategoricalAccuracy, metrics::MeanAbsoluteError>;

}  // namespace saltus
