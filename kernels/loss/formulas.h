// The losses' formulas, the same on host and device, in double: what an output adds to its sample's
// loss, the gradient, and what the metrics count.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <saltus/kernels/math.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// A sample's loss. The crossentropies clip probabilities to [1e-7, 1 - 1e-7] as floats have them;
/// where one is clipped its gradient is zero.
enum class LossFunction : std::uint8_t {
  categorical_crossentropy,              ///< of outputs over their sum
  categorical_crossentropy_from_logits,  ///< -sum_j t_j log softmax(x)_j, nothing clipped
  binary_crossentropy,                   ///< mean_j of -t_j log p_j - (1 - t_j) log(1 - p_j)
  binary_crossentropy_from_logits,
  mean_squared_error
};

/// Keras clips in float, where 1 - 1e-7 is the number below 1.
inline constexpr double kLeastProbability = 1e-7F;
inline constexpr double kMostProbability = 1.0F - 1e-7F;

/// An output as the loss sees it.
struct LossOutput {
  double x;     ///< as it came
  double t;     ///< what it should be
  double p;     ///< the probability made of it, or x itself
  double rest;  ///< 1 - p
};

/// The loss of one sample. It depends on each output and on sums over them, so whoever computes it
/// goes through the outputs three times, all of them or some, and adds up in between:
///
///     for softmax(): the first largest x and exponential() of all others; for shares(): x;
///     term() and pull() of every output();
///     gradient() of every output().
class SampleLoss {
 public:
  /// `softmax`: x goes into the Softmax that ends the network.
  SALTUS_HD SampleLoss(LossFunction function, bool softmax, std::int64_t outputs, std::int64_t rows)
      : function_(function),
        fused_(softmax),
        count_(categorical() ? 1 : static_cast<double>(outputs)),
        rows_(static_cast<double>(rows)) {}

  /// Is p the softmax of x?
  SALTUS_HD bool softmax() const {
    return fused_ || function_ == LossFunction::categorical_crossentropy_from_logits;
  }
  /// Is p the share of x in its sum?
  SALTUS_HD bool shares() const {
    return !fused_ && function_ == LossFunction::categorical_crossentropy;
  }

  /// For softmax(): x of output `top` is the largest.
  SALTUS_HD void set_largest(double x, int top) {
    largest_ = x;
    top_ = top;
  }
  SALTUS_HD double exponential(double x) const { return math::exp(x - largest_); }
  /// `others`: the sum of all exponentials but that of the top, which is 1.
  SALTUS_HD void set_others(double others) {
    others_ = others;
    sum_ = 1 + others;
  }
  /// For shares(): the sum of x.
  SALTUS_HD void set_sum(double sum) { sum_ = sum; }

  /// Output j. `exponential` is that of x and counts for softmax() only. Where p is above a half,
  /// 1 - p would cancel and is the sum of the others instead.
  SALTUS_HD LossOutput output(int j, double x, double t, double exponential) const {
    if (!softmax()) return {x, t, shares() ? x / sum_ : x, 1 - x};
    const double p = exponential / sum_;
    return {x, t, p, j == top_ ? others_ / sum_ : 1 - p};
  }

  /// What the output adds to the loss, which is loss() of the sum.
  SALTUS_HD double term(const LossOutput& out) const {
    const double p = out.p;
    const double t = out.t;
    switch (function_) {
      case LossFunction::categorical_crossentropy:
      case LossFunction::categorical_crossentropy_from_logits:
        if (!softmax()) return -t * std::log(math::clamp(p, kLeastProbability, kMostProbability));
        return t == 0 ? 0.0 : -t * (out.x - largest_ - math::log1p(others_));
      case LossFunction::binary_crossentropy:
        return binary_term(p, out.rest, t);
      case LossFunction::binary_crossentropy_from_logits:
        return math::at_least(p, 0.0) - p * t + math::log1p(math::exp(-math::abs(p)));
      case LossFunction::mean_squared_error:
        break;
    }
    return (p - t) * (p - t);
  }
  SALTUS_HD double loss(double terms) const { return terms / count_; }

  /// What the output adds to the sum that all gradients depend on.
  SALTUS_HD double pull(const LossOutput& out) const {
    return softmax() ? slope(out) : slope(out) * out.p;
  }

  /// d (mean loss of the rows) / d x, given the sum of the pulls.
  SALTUS_HD double gradient(const LossOutput& out, double pulls) const {
    double gradient = slope(out);
    if (softmax()) gradient -= out.p * pulls;
    if (shares()) gradient = (gradient - pulls) / sum_;
    return gradient / (count_ * rows_);
  }

  /// What metrics are taken of.
  SALTUS_HD double metric_output(const LossOutput& out) const { return fused_ ? out.p : out.x; }

 private:
  SALTUS_HD bool categorical() const {
    return function_ == LossFunction::categorical_crossentropy ||
           function_ == LossFunction::categorical_crossentropy_from_logits;
  }

  /// d term / d p; for softmax() p (d term / d p), in which nothing is divided by a p near 0.
  SALTUS_HD double slope(const LossOutput& out) const {
    const double p = out.p;
    const double t = out.t;
    const bool inside = p >= kLeastProbability && p <= kMostProbability;
    switch (function_) {
      case LossFunction::categorical_crossentropy:
      case LossFunction::categorical_crossentropy_from_logits:
        if (softmax()) return -t;
        return inside ? -t / p : 0.0;
      case LossFunction::binary_crossentropy:
        if (!inside) return 0;
        return (p - t) / (softmax() ? out.rest : p * out.rest);
      case LossFunction::binary_crossentropy_from_logits:
        return (softmax() ? p : 1.0) * (math::sigmoid(p) - t);
      case LossFunction::mean_squared_error:
        break;
    }
    return (softmax() ? p : 1.0) * 2 * (p - t);
  }

  /// -t log p - (1 - t) log(1 - p), which is what Keras's form on z = log(p / (1 - p)) comes to.
  SALTUS_HD static double binary_term(double p, double rest, double t) {
    if (p < kLeastProbability) {
      p = kLeastProbability;
      rest = 1 - kLeastProbability;
    } else if (p > kMostProbability) {
      p = kMostProbability;
      rest = 1 - kMostProbability;
    }
    return -t * std::log(p) - (1 - t) * std::log(rest);
  }

  LossFunction function_;
  bool fused_;
  double count_;  ///< of outputs, where the loss is their mean
  double rows_;
  double largest_ = 0;
  double others_ = 0;
  double sum_ = 0;
  int top_ = 0;
};

/// Is the output on the right side? Keras rounds, and 0.5 rounds to 0.
SALTUS_HD bool binary_hit(double y, double t) {
  return (y > 0.5 ? 1.0 : 0.0) == t;
}

/// The first of the largest numbers, as std::max_element finds it: NaN is larger than all in the
/// first place and smaller elsewhere.
struct FirstLargest {
  static constexpr int kNone = std::numeric_limits<int>::max();
  static constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double value = -kInfinity;
  int place = kNone;

  /// Takes a number behind all before.
  SALTUS_HD void take(double number, int at) {
    if (!(number == number)) number = at == 0 ? kInfinity : -kInfinity;
    if (place != kNone && !(number > value)) return;
    value = number;
    place = at;
  }
};

}  // namespace saltus::kernels
