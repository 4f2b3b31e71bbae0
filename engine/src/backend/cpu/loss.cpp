// Loss, metrics and the gradient that starts the backward pass: a few hundred numbers a batch, in
// double, by one thread.
#include <algorithm>
#include <cmath>

#include "backend/cpu/op.h"
#include "backend/cpu/rows.h"

namespace saltus::cpu {
namespace {

// Keras clips float32 probabilities to [1e-7, 1 - 1e-7]; the upper bound rounds to the float below.
constexpr double kLeast = 1e-7F;
constexpr double kMost = 1.0F - 1e-7F;

using Row = std::vector<double>;

double sum_of(const Row& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

/// Loss of one sample and its gradient with respect to the network's output, or to the logits
/// before its Softmax.
class SampleLoss {
 public:
  SampleLoss(Loss loss, bool softmax, std::int64_t outputs)
      : loss_(loss), softmax_(softmax), p_(static_cast<std::size_t>(outputs)), rest_(p_) {}

  /// What metrics are taken of: probabilities behind a fused Softmax, else the output itself.
  const Row& outputs() const { return p_; }

  double operator()(std::span<const float> x, const Row& t, Row& dx) {
    if (softmax_) {
      take_softmax(x);
    } else {
      std::copy(x.begin(), x.end(), p_.begin());
    }
    switch (loss_) {
      case Loss::categorical_crossentropy:
      case Loss::sparse_categorical_crossentropy:
        return softmax_ ? from_logits(x, t, dx) : categorical(t, dx);
      case Loss::categorical_crossentropy_from_logits: {
        take_softmax(x);
        const double value = from_logits(x, t, dx);
        std::copy(x.begin(), x.end(), p_.begin());
        return value;
      }
      case Loss::binary_crossentropy:
        return softmax_ ? binary_softmax(t, dx) : binary(t, dx);
      case Loss::binary_crossentropy_from_logits:
        return binary_from_logits(t, dx);
      case Loss::mean_squared_error:
        return squared(t, dx);
    }
    return 0;
  }

 private:
  double count() const { return static_cast<double>(p_.size()); }

  /// p = softmax(x), rest = 1 - p. Where p is above a half, 1 - p would cancel and is the sum of
  /// the others instead.
  void take_softmax(std::span<const float> x) {
    const auto top = static_cast<std::size_t>(std::max_element(x.begin(), x.end()) - x.begin());
    largest_ = x[top];
    double others = 0;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      p_[j] = std::exp(x[j] - largest_);
      if (j != top) others += p_[j];
    }
    sum_ = others + p_[top];
    for (std::size_t j = 0; j < p_.size(); ++j) {
      p_[j] /= sum_;
      rest_[j] = j == top ? others / sum_ : 1 - p_[j];
    }
  }

  double from_logits(std::span<const float> x, const Row& t, Row& dx) const {
    double value = 0;
    const double mass = sum_of(t);
    for (std::size_t j = 0; j < p_.size(); ++j) {
      value -= t[j] == 0 ? 0.0 : t[j] * (x[j] - largest_ - std::log(sum_));
      dx[j] = p_[j] * mass - t[j];
    }
    return value;
  }

  /// Keras's form on outputs that are not a fused softmax: p over its sum, clipped.
  double categorical(const Row& t, Row& dx) {
    const double sum = sum_of(p_);
    double value = 0;
    double product = 0;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      const double share = p_[j] / sum;
      const double clipped = std::clamp(share, kLeast, kMost);
      value -= t[j] * std::log(clipped);
      dx[j] = clipped == share ? -t[j] / share : 0.0;
      product += dx[j] * share;
    }
    for (double& gradient : dx) gradient = (gradient - product) / sum;
    return value;
  }

  /// -t log p - (1 - t) log(1 - p), which is what Keras's form on z = log(p / (1 - p)) comes to.
  static double binary_term(double p, double rest, double t) {
    if (p < kLeast) {
      p = kLeast;
      rest = 1 - kLeast;
    } else if (p > kMost) {
      p = kMost;
      rest = 1 - kMost;
    }
    return -t * std::log(p) - (1 - t) * std::log(rest);
  }

  double binary(const Row& t, Row& dx) const {
    double value = 0;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      const double p = p_[j];
      value += binary_term(p, 1 - p, t[j]) / count();
      const bool inside = p >= kLeast && p <= kMost;
      dx[j] = inside ? (p - t[j]) / (p * (1 - p)) / count() : 0.0;
    }
    return value;
  }

  /// With respect to the logits: u_j = p_j dL/dp_j = (p_j - t_j) / (1 - p_j) / count where p_j is
  /// not clipped, and dL/dx_i = u_i - p_i sum u.
  double binary_softmax(const Row& t, Row& dx) const {
    double value = 0;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      const double p = p_[j];
      value += binary_term(p, rest_[j], t[j]) / count();
      const bool inside = p >= kLeast && p <= kMost;
      const double distance = t[j] == 1.0 ? -rest_[j] : p - t[j];
      dx[j] = inside ? distance / rest_[j] / count() : 0.0;
    }
    const double sum = sum_of(dx);
    for (std::size_t j = 0; j < p_.size(); ++j) dx[j] -= p_[j] * sum;
    return value;
  }

  double binary_from_logits(const Row& t, Row& dx) const {
    double value = 0;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      const double z = p_[j];
      const double small = std::exp(-std::abs(z));
      value += (std::max(z, 0.0) - z * t[j] + std::log1p(small)) / count();
      const double sigmoid = z >= 0 ? 1 / (1 + small) : small / (1 + small);
      dx[j] = (sigmoid - t[j]) / count();
    }
    return value;
  }

  double squared(const Row& t, Row& dx) const {
    double value = 0;
    for (std::size_t j = 0; j < p_.size(); ++j) {
      const double difference = p_[j] - t[j];
      value += difference * difference / count();
      dx[j] = 2 * difference / count();
    }
    return value;
  }

  Loss loss_;
  bool softmax_;
  Row p_;
  Row rest_;
  double largest_ = 0;
  double sum_ = 0;
};

/// The targets of a sample as values; class numbers become one-hot rows, or the value itself where
/// there is one output.
void read_target(const Samples& samples, std::int64_t sample, Row& t) {
  const auto place = static_cast<std::size_t>(sample);
  std::visit(
      [&](const auto& targets) {
        using Element = typename std::decay_t<decltype(targets)>::value_type;
        if constexpr (std::is_same_v<Element, float>) {
          for (std::size_t j = 0; j < t.size(); ++j) t[j] = targets[place * t.size() + j];
        } else if (t.size() == 1) {
          t[0] = static_cast<double>(targets[place]);
        } else {
          std::fill(t.begin(), t.end(), 0.0);
          t[static_cast<std::size_t>(targets[place])] = 1.0;
        }
      },
      samples.targets);
}

void count_metrics(const Row& y, const Row& t, backend::BatchSums& sums) {
  double error = 0;
  for (std::size_t j = 0; j < y.size(); ++j) {
    sums.binary_hits += (y[j] > 0.5 ? 1.0 : 0.0) == t[j] ? 1 : 0;
    error += std::abs(y[j] - t[j]);
  }
  sums.absolute_error += error / static_cast<double>(y.size());
  const auto largest = [](const Row& row) {
    return std::max_element(row.begin(), row.end()) - row.begin();
  };
  sums.categorical_hits += largest(y) == largest(t) ? 1 : 0;
}

class EvaluateLossOp : public WholeOp {
 public:
  EvaluateLossOp(const plan::EvaluateLoss& step, const Setting& setting)
      : step_(step), memory_(setting.memory), loss_(step.loss, step.softmax, step.outputs) {}

  void run(Run& run) override {
    RowReader outputs(memory_.in(step_.x, run, {}), step_.outputs);
    const Out dx =
        step_.dx == plan::kNone ? Out{nullptr, plan::DType::f32} : memory_.out(step_.dx, run, {});
    RowWriter gradients(dx, step_.outputs);
    Row target(static_cast<std::size_t>(step_.outputs));
    Row gradient(target.size());
    run.sums.rows = run.rows();
    for (std::int64_t row = 0; row < run.rows(); ++row) {
      read_target(*run.samples, run.order[static_cast<std::size_t>(row)], target);
      run.sums.loss += loss_(outputs.row(row), target, gradient);
      count_metrics(loss_.outputs(), target, run.sums);
      for (std::size_t j = 0; j < gradient.size(); ++j) {
        gradients.values()[j] = static_cast<float>(gradient[j] / static_cast<double>(run.rows()));
      }
      gradients.write(row);
    }
  }

 private:
  plan::EvaluateLoss step_;
  const Memory& memory_;
  SampleLoss loss_;
};

}  // namespace

WholeOpPtr make_op(const plan::EvaluateLoss& step, const Setting& setting) {
  return std::make_unique<EvaluateLossOp>(step, setting);
}

}  // namespace saltus::cpu
