// The loss of one sample, the same on host and device: what its outputs add to it, and its
// gradient.
#pragma once

#include <cstdint>
#include <limits>

#include <saltus/kernels/loss/losses.h>

namespace saltus::kernels {

/// The loss of one sample. It depends on each output and on sums over them, so whoever computes it
/// goes through the outputs three times, all of them or some, and adds up in between:
///
///     for softmax(): the first largest x and exponential() of all others; for shares(): x;
///     term() and pull() of every output();
///     gradient() of every output().
///
/// L: an entry of the list with a formula of its own, or one that is compiled at run time.
template <LossTerms L>
class SampleLoss {
 public:
  /// `softmax`: x goes into the Softmax that ends the network.
  SALTUS_HD SampleLoss(const L& loss, bool softmax, std::int64_t outputs, std::int64_t rows)
      : loss_(loss),
        fused_(softmax),
        outputs_(static_cast<int>(outputs)),
        count_(L::kReduction == Reduction::mean ? static_cast<double>(outputs) : 1),
        rows_(static_cast<double>(rows)) {}

  /// Is p the softmax of x?
  SALTUS_HD bool softmax() const {
    if constexpr (L::kReduction == Reduction::classes)
      return fused_ || loss_.from_logits;
    else
      return fused_;
  }
  /// Is p the share of x in its sum?
  SALTUS_HD bool shares() const { return L::kReduction == Reduction::classes && !softmax(); }

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
    if constexpr (requires { loss_.target(t, outputs_); }) t = loss_.target(t, outputs_);
    if (!softmax()) return {x, t, shares() ? x / sum_ : x, 1 - x};
    const double p = exponential / sum_;
    return {x, t, p, j == top_ ? others_ / sum_ : 1 - p, x - largest_, others_};
  }

  /// What the output adds to the loss, which is loss() of the sum.
  SALTUS_HD double term(const LossOutput& out) const {
    if constexpr (requires { loss_.softmax_term(out); }) {
      if (softmax()) return loss_.softmax_term(out);
    }
    return loss_.term(out);
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
  /// d term / d p; for softmax() p (d term / d p).
  SALTUS_HD double slope(const LossOutput& out) const {
    if (!softmax()) return loss_.slope(out);
    if constexpr (requires { loss_.softmax_slope(out); })
      return loss_.softmax_slope(out);
    else
      return out.p * loss_.slope(out);
  }

  L loss_;
  bool fused_;
  int outputs_;
  double count_;  ///< of outputs, where the loss is their mean
  double rows_;
  double largest_ = 0;
  double others_ = 0;
  double sum_ = 0;
  int top_ = 0;
};

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
