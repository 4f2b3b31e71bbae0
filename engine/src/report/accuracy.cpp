#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/accuracy.h>
#include <saltus/error.h>
#include <saltus/kernels/activations.h>

#include "backend/cpu/loops.h"
#include "core/boundary.h"
#include "core/workers.h"
#include "formula/exact.h"
#include "formula/extremes.h"
#include "graph/custom_activation.h"

namespace saltus {
namespace {

constexpr std::uint64_t kFloats = std::uint64_t{1} << 32;
constexpr std::size_t kChunk = 4096;
/// The number that an infinite float counts as.
constexpr double kOverflow = 0x1p128;

using Floats = std::array<float, kChunk>;
using Doubles = std::array<double, kChunk>;

// The truth about an activation: of one of the list the same templates in double, of a formula what
// was written in 50 digits.
class Truth {
 public:
  explicit Truth(const kernels::ActivationRef& ref) : ref_(ref) {
    if (const formula::Formula* formula = find_formula(ref.id))
      exact_.emplace(*formula, values_of(ref));
  }

  void evaluate(std::span<const float> x, double* f, double* df) {
    if (exact_) {
      for (std::size_t i = 0; i < x.size(); ++i) std::tie(f[i], df[i]) = of_formula(x[i]);
      return;
    }
    const auto parameters = kernels::parameters_of<double>(ref_);
    kernels::dispatch(ref_.id, [&]<class Entry>() {
      for (std::size_t i = 0; i < x.size(); ++i) f[i] = Entry::f(double{x[i]}, parameters);
      for (std::size_t i = 0; i < x.size(); ++i) df[i] = Entry::df(double{x[i]}, parameters);
    });
  }

  // f or f' at one point.
  double at(double x, bool want_f) {
    if (exact_) return want_f ? exact_->at(x).value : exact_->at(x).slope;
    double result = 0;
    const auto parameters = kernels::parameters_of<double>(ref_);
    kernels::dispatch(ref_.id, [&]<class Entry>() {
      result = want_f ? Entry::f(x, parameters) : Entry::df(x, parameters);
    });
    return result;
  }

 private:
  // A formula's values at infinity are its limits, which are not arithmetic: whatever they are.
  std::pair<double, double> of_formula(float x) {
    if (!std::isfinite(x)) {
      const formula::Point point = formula::point_at(*find_formula(ref_.id), values_of(ref_), x);
      return {point.value, point.slope};
    }
    const formula::Exact::Result result = exact_->at(x);
    return {result.value, result.slope};
  }

  kernels::ActivationRef ref_;
  std::optional<formula::Exact> exact_;
};

// One unit in the last place of a float of this size, |truth| >= 2^-126.
double ulp_of(double truth) {
  const std::uint64_t exponent = std::bit_cast<std::uint64_t>(truth) & 0x7ff0000000000000u;
  return std::bit_cast<double>(exponent) * 0x1p-23;
}

// The size of the function at equal distances on both sides of x, if x lies near a zero: if it is
// at least twice as large there. Else 0.
template <class Function>
double size_around(double x, double truth, Function function) {
  for (double distance = 0x1p-1; distance >= 0x1p-22; distance *= 0.5) {
    const double around = std::min(std::abs(function(x * (1 - distance))),  //
                                   std::abs(function(x * (1 + distance))));
    if (around >= 2 * std::abs(truth)) return around;
  }
  return 0;
}

void keep_worst(WorstError& worst, double size, float at) {
  // If errors are equal, the one at the lowest bit pattern counts, whichever thread found it.
  if (size > worst.size ||
      (size == worst.size && size > 0 &&
       std::bit_cast<std::uint32_t>(at) < std::bit_cast<std::uint32_t>(worst.at)))
    worst = {size, at};
}

void keep_worst(FunctionAccuracy& worst, const FunctionAccuracy& other) {
  keep_worst(worst.ulp, other.ulp.size, other.ulp.at);
  keep_worst(worst.near_zero, other.near_zero.size, other.near_zero.at);
  keep_worst(worst.tiny, other.tiny.size, other.tiny.at);
}

// Takes the errors of one chunk into `worst`; `function` is the function in double. Returns the
// number of results where only one side is NaN.
template <class Function>
std::uint64_t compare(std::span<const float> x, const float* value, const double* truth,
                      Function function, double tiny, FunctionAccuracy& worst) {
  std::uint64_t disagreements = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(truth[i]) || std::isnan(value[i])) {
      disagreements += std::isnan(truth[i]) != std::isnan(value[i]);
      continue;
    }
    const double expected = std::clamp(truth[i], -kOverflow, kOverflow);
    const double error = std::abs(std::clamp(double{value[i]}, -kOverflow, kOverflow) - expected);
    if (std::abs(expected) < tiny) {
      if (error >= worst.tiny.size) keep_worst(worst.tiny, error, x[i]);
      continue;
    }
    const double ulps = error / ulp_of(expected);
    // It makes no column worse; `around` is at least 2 |expected|.
    if (ulps < worst.ulp.size &&
        (ulps <= 4 || error < 2 * std::abs(expected) * worst.near_zero.size))
      continue;
    const double around = ulps > 4 ? size_around(double{x[i]}, expected, function) : 0;
    if (around > 0)
      keep_worst(worst.near_zero, error / around, x[i]);
    else
      keep_worst(worst.ulp, ulps, x[i]);
  }
  return disagreements;
}

class Walk {
 public:
  Walk(const Activation& activation, const AccuracyOptions& options)
      : ref_(activation.ref()),
        runs_(runnable(ref_)),
        options_(options),
        inputs_((kFloats + options.stride - 1) / options.stride) {
    result_.activation = activation;
    result_.inputs = inputs_;
  }

  ActivationAccuracy run() {
    const auto chunks = static_cast<int>((inputs_ + kChunk - 1) / kChunk);
    const Workers workers(options_.threads);
    std::vector<ActivationAccuracy> found(static_cast<std::size_t>(workers.count()));
    workers.run(chunks, [&](int chunk, int worker) {
      if (!stopped_) {
        step(static_cast<std::uint64_t>(chunk) * kChunk, found[static_cast<std::size_t>(worker)]);
      }
    });
    for (const ActivationAccuracy& one : found) {
      keep_worst(result_.f, one.f);
      keep_worst(result_.df, one.df);
      result_.nan_disagreements += one.nan_disagreements;
    }
    return result_;
  }

 private:
  void step(std::uint64_t first, ActivationAccuracy& mine) {
    Floats inputs, f, df;
    Doubles true_f, true_df;
    const std::size_t n = std::min<std::uint64_t>(kChunk, inputs_ - first);
    for (std::size_t i = 0; i < n; ++i)
      inputs[i] = std::bit_cast<float>(static_cast<std::uint32_t>((first + i) * options_.stride));
    const std::span<const float> x(inputs.data(), n);
    cpu::loops().activate(runs_, {inputs.data(), plan::DType::f32}, {f.data(), plan::DType::f32},
                          df.data(), static_cast<std::int64_t>(n));
    Truth truth(ref_);
    truth.evaluate(x, true_f.data(), true_df.data());
    const auto at = [&](bool want_f) {
      return [&truth, want_f](double point) { return truth.at(point, want_f); };
    };
    mine.nan_disagreements += compare(x, f.data(), true_f.data(), at(true), options_.tiny, mine.f);
    mine.nan_disagreements +=
        compare(x, df.data(), true_df.data(), at(false), options_.tiny, mine.df);
    report(n);
  }

  void report(std::size_t n) {
    constexpr std::uint64_t kBetweenReports = std::uint64_t{1} << 22;
    const std::uint64_t done = done_.fetch_add(n) + n;
    if (!options_.progress || (done % kBetweenReports >= n && done < inputs_)) return;
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    try {
      call_callers([&] { options_.progress(done, inputs_); });
    } catch (...) {
      stopped_ = true;
      throw;
    }
  }

  const kernels::ActivationRef ref_;
  const kernels::ActivationRef runs_;
  const AccuracyOptions& options_;
  const std::uint64_t inputs_;
  std::atomic<std::uint64_t> done_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;  // of progress
  ActivationAccuracy result_;
};

std::string cells(const FunctionAccuracy& accuracy) {
  std::string text = fmt::format(" {:.2f} | {:.6g} |", accuracy.ulp.size, accuracy.ulp.at);
  if (accuracy.near_zero.size > 0)
    text += fmt::format(" {:.1e} |", accuracy.near_zero.size);
  else
    text += " |";
  return text;
}

}  // namespace

ActivationAccuracy measure_accuracy(const Activation& activation,
                                    const AccuracyOptions& options) try {
  if (options.stride == 0)
    throw InvalidArgument("the stride of an accuracy walk must be at least 1");
  if (is_custom_activation(activation.ref().id) && !activation.is_formula()) {
    throw InvalidArgument(
        fmt::format("activation {} is a C++ function and has no formula to be compared with; "
                    "measure one of the "
                    "list, or a formula",
                    activation.name()));
  }
  return Walk(activation, options).run();
} catch (...) {
  throw_as_promised();
}

std::string accuracy_table(std::span<const ActivationAccuracy> results) try {
  std::string table =
      "| activation | f: ulp | at x | near a zero | f': ulp | at x | near a zero |\n"
      "|---|---:|---:|---:|---:|---:|---:|\n";
  for (const ActivationAccuracy& result : results)
    table +=
        fmt::format("| `{}` |{}{}\n", result.activation.label(), cells(result.f), cells(result.df));
  return table;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
