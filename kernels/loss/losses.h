// The list of losses. Everything else is made from it: parsing and printing, models' files, the
// CPU's loss, the CUDA kernels. CONTRIBUTING.md shows how to add one.
//
// Formulas are Keras's, in double. Each is of one sample with outputs p and targets t; `mean` and
// `sum` are over its outputs. The loss of a batch is the mean over its samples.
#pragma once

#include <cmath>
#include <variant>

#include <saltus/kernels/loss/loss_entry.h>

namespace saltus {
namespace losses {

/// -sum t log p. Fused with a Softmax layer at the end of the network; on other outputs p is
/// divided by its sum and clipped to [1e-7, 1 - 1e-7]. From logits, p is their softmax and nothing
/// is clipped; the network then ends without a Softmax.
struct CategoricalCrossentropy {
  bool from_logits = false;
  double label_smoothing = 0;  ///< t becomes t (1 - label_smoothing) + label_smoothing / classes

  static constexpr std::string_view kName = "categorical_crossentropy";
  static constexpr auto parameters() {
    return std::tuple(kernels::flag("from_logits", &CategoricalCrossentropy::from_logits),
                      kernels::number("label_smoothing", &CategoricalCrossentropy::label_smoothing,
                                      kernels::kShare));
  }
  static constexpr auto kReduction = kernels::Reduction::classes;

  SALTUS_HD double target(double t, int outputs) const {
    return kernels::smoothed(t, label_smoothing, outputs);
  }
  SALTUS_HD static double term(const kernels::LossOutput& out) {
    return -out.t * std::log(kernels::math::clamp(out.p, kernels::kLeastProbability,
                                                  kernels::kMostProbability));
  }
  SALTUS_HD static double slope(const kernels::LossOutput& out) {
    return kernels::inside_clip(out.p) ? -out.t / out.p : 0.0;
  }
  SALTUS_HD static double softmax_term(const kernels::LossOutput& out) {
    return out.t == 0 ? 0.0 : -out.t * out.log_p();
  }
  SALTUS_HD static double softmax_slope(const kernels::LossOutput& out) { return -out.t; }
};

/// The same, for targets that are class numbers.
struct SparseCategoricalCrossentropy {
  bool from_logits = false;

  static constexpr std::string_view kName = "sparse_categorical_crossentropy";
  static constexpr auto parameters() {
    return std::tuple(kernels::flag("from_logits", &SparseCategoricalCrossentropy::from_logits));
  }
  [[nodiscard]] constexpr CategoricalCrossentropy formula() const {
    return {.from_logits = from_logits};
  }
};

/// mean -t log p - (1 - t) log(1 - p), with p clipped to [1e-7, 1 - 1e-7]; behind a Softmax, too.
/// From logits z: mean max(z, 0) - z t + log(1 + exp(-|z|)).
struct BinaryCrossentropy {
  bool from_logits = false;
  double label_smoothing = 0;  ///< t becomes t (1 - label_smoothing) + label_smoothing / 2

  static constexpr std::string_view kName = "binary_crossentropy";
  static constexpr auto parameters() {
    return std::tuple(
        kernels::flag("from_logits", &BinaryCrossentropy::from_logits),
        kernels::number("label_smoothing", &BinaryCrossentropy::label_smoothing, kernels::kShare));
  }
  static constexpr auto kReduction = kernels::Reduction::mean;

  SALTUS_HD double target(double t, int /*outputs*/) const {
    return kernels::smoothed(t, label_smoothing, 2);
  }
  SALTUS_HD double term(const kernels::LossOutput& out) const {
    using namespace kernels;
    if (from_logits) {
      return math::at_least(out.p, 0.0) - out.p * out.t + math::log1p(math::exp(-math::abs(out.p)));
    }
    double p = out.p;
    double rest = out.rest;
    if (p < kLeastProbability) {
      p = kLeastProbability;
      rest = 1 - kLeastProbability;
    } else if (p > kMostProbability) {
      p = kMostProbability;
      rest = 1 - kMostProbability;
    }
    return -out.t * std::log(p) - (1 - out.t) * std::log(rest);
  }
  SALTUS_HD double slope(const kernels::LossOutput& out) const {
    if (from_logits) return kernels::math::sigmoid(out.p) - out.t;
    return kernels::inside_clip(out.p) ? (out.p - out.t) / (out.p * out.rest) : 0.0;
  }
  SALTUS_HD double softmax_slope(const kernels::LossOutput& out) const {
    if (from_logits) return out.p * slope(out);
    return kernels::inside_clip(out.p) ? (out.p - out.t) / out.rest : 0.0;
  }
};

/// mean (p - t)^2
struct MeanSquaredError {
  static constexpr std::string_view kName = "mean_squared_error";
  static constexpr std::tuple<> parameters() { return {}; }
  static constexpr auto kReduction = kernels::Reduction::mean;

  SALTUS_HD static double term(const kernels::LossOutput& out) {
    return (out.p - out.t) * (out.p - out.t);
  }
  SALTUS_HD static double slope(const kernels::LossOutput& out) { return 2 * (out.p - out.t); }
};

/// mean |p - t|, whose slope at 0 is 0
struct MeanAbsoluteError {
  static constexpr std::string_view kName = "mean_absolute_error";
  static constexpr std::tuple<> parameters() { return {}; }
  static constexpr auto kReduction = kernels::Reduction::mean;

  SALTUS_HD static double term(const kernels::LossOutput& out) {
    return kernels::math::abs(out.p - out.t);
  }
  SALTUS_HD static double slope(const kernels::LossOutput& out) {
    const double sign = out.p > out.t ? 1.0 : out.p < out.t ? -1.0 : 0.0;
    return kernels::math::unless_nan(out.p - out.t, sign);
  }
};

/// mean of e^2 / 2 for an error e = p - t up to delta, and of delta |e| - delta^2 / 2 above.
struct Huber {
  double delta = 1;

  static constexpr std::string_view kName = "huber";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("delta", &Huber::delta, kernels::kPositive));
  }
  static constexpr auto kReduction = kernels::Reduction::mean;

  SALTUS_HD double term(const kernels::LossOutput& out) const {
    const double error = kernels::math::abs(out.p - out.t);
    return error <= delta ? error * error / 2 : delta * (error - delta / 2);
  }
  SALTUS_HD double slope(const kernels::LossOutput& out) const {
    return kernels::math::clamp(out.p - out.t, -delta, delta);
  }
};

/// sum t log(t / p), with t and p clipped to [1e-7, 1]; the slope is 0 where p is clipped.
struct KLDivergence {
  static constexpr std::string_view kName = "kl_divergence";
  static constexpr std::tuple<> parameters() { return {}; }
  static constexpr auto kReduction = kernels::Reduction::sum;

  SALTUS_HD static double target(double t, int /*outputs*/) { return clip(t); }
  SALTUS_HD static double term(const kernels::LossOutput& out) {
    return out.t * std::log(out.t / clip(out.p));
  }
  SALTUS_HD static double slope(const kernels::LossOutput& out) {
    return clip(out.p) == out.p ? -out.t / out.p : 0.0;
  }
  SALTUS_HD static double softmax_slope(const kernels::LossOutput& out) {
    return clip(out.p) == out.p ? -out.t : 0.0;
  }

 private:
  SALTUS_HD static double clip(double p) {
    return kernels::math::clamp(p, kernels::kLeastProbability, 1.0);
  }
};

/// mean p - t log(p + 1e-7), of a rate p that is not negative.
struct Poisson {
  static constexpr std::string_view kName = "poisson";
  static constexpr std::tuple<> parameters() { return {}; }
  static constexpr auto kReduction = kernels::Reduction::mean;

  SALTUS_HD static double term(const kernels::LossOutput& out) {
    return out.p - out.t * std::log(out.p + kernels::kLeastProbability);
  }
  SALTUS_HD static double slope(const kernels::LossOutput& out) {
    return 1 - out.t / (out.p + kernels::kLeastProbability);
  }
};

/// mean max(1 - t p, 0), for targets -1 and 1; 0 stands for -1. Its slope at the kink is 0.
struct Hinge {
  static constexpr std::string_view kName = "hinge";
  static constexpr std::tuple<> parameters() { return {}; }
  static constexpr auto kReduction = kernels::Reduction::mean;

  SALTUS_HD static double target(double t, int /*outputs*/) { return t == 0 ? -1.0 : t; }
  SALTUS_HD static double term(const kernels::LossOutput& out) {
    return kernels::math::at_least(1 - out.t * out.p, 0.0);
  }
  SALTUS_HD static double slope(const kernels::LossOutput& out) {
    return 1 - out.t * out.p > 0 ? -out.t : 0.0;
  }
};

}  // namespace losses

namespace kernels {

/// A list of entries, as a type.
template <LossEntry... L>
using LossList = std::variant<L...>;

}  // namespace kernels

/// Any listed loss. A place in it never leaves memory.
using ListedLoss =
    kernels::LossList<losses::CategoricalCrossentropy, losses::SparseCategoricalCrossentropy,
                      losses::BinaryCrossentropy, losses::MeanSquaredError,
                      losses::MeanAbsoluteError, losses::Huber, losses::KLDivergence,
                      losses::Poisson, losses::Hinge>;

}  // namespace saltus
