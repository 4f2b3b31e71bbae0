#include "reference/loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace saltus::reference {
namespace {

/// One sample's loss, and its gradient.
struct SampleLoss {
  double value = 0;
  Values gradient;
};

bool inside_clip(double p) {
  return p >= kClipLow && p <= kClipHigh;
}
double clip(double p) {
  return std::clamp(p, kClipLow, kClipHigh);
}

// -sum_j t_j log softmax(z)_j
SampleLoss categorical_from_logits(const Values& z, const Values& t) {
  const double largest = std::ranges::max(z);
  double total = 0;
  for (const double value : z) total += std::exp(value - largest);
  const double targets = std::accumulate(t.begin(), t.end(), 0.0);
  SampleLoss loss{0, Values(z.size())};
  for (std::int64_t j = 0; j < z.size(); ++j) {
    const double log_p = z[j] - largest - std::log(total);
    loss.value -= t[j] * log_p;
    loss.gradient[j] = std::exp(log_p) * targets - t[j];
  }
  return loss;
}

// -sum_j t_j log q_j, where q_j = clip(p_j / sum_k p_k)
SampleLoss categorical(const Values& p, const Values& t) {
  const double total = std::accumulate(p.begin(), p.end(), 0.0);
  SampleLoss loss{0, Values(p.size())};
  double spread = 0;  // sum_j (d loss / d q_j) p_j / total
  for (std::int64_t j = 0; j < p.size(); ++j) {
    const double q = p[j] / total;
    loss.value -= t[j] * std::log(clip(q));
    loss.gradient[j] = inside_clip(q) ? -t[j] / q : 0.0;
    spread += loss.gradient[j] * q;
  }
  for (double& d : loss.gradient) d = (d - spread) / total;
  return loss;
}

// mean_j max(z_j, 0) - z_j t_j + log(1 + exp(-|z_j|)), whose derivative is (sigmoid(z_j) - t_j) / n
SampleLoss binary_from_logits(const Values& z, const Values& t) {
  const auto n = static_cast<double>(z.size());
  SampleLoss loss{0, Values(z.size())};
  for (std::int64_t j = 0; j < z.size(); ++j) {
    loss.value += (std::max(z[j], 0.0) - z[j] * t[j] + std::log1p(std::exp(-std::abs(z[j])))) / n;
    loss.gradient[j] = (1 / (1 + std::exp(-z[j])) - t[j]) / n;
  }
  return loss;
}

// The last at z = log(p / (1 - p)), p being clipped; dz / dp = 1 / (p (1 - p))
SampleLoss binary(const Values& p, const Values& t) {
  Values z(p.size());
  for (std::int64_t j = 0; j < p.size(); ++j) z[j] = std::log(clip(p[j]) / (1 - clip(p[j])));
  SampleLoss loss = binary_from_logits(z, t);
  for (std::int64_t j = 0; j < p.size(); ++j) {
    loss.gradient[j] *= inside_clip(p[j]) ? 1 / (p[j] * (1 - p[j])) : 0.0;
  }
  return loss;
}

/// A function of one output and its derivative.
struct Pair {
  double value, slope;
};

/// mean_j of a function of y_j and t_j.
template <class Function>
SampleLoss mean_over(const Values& y, const Values& t, Function function) {
  const auto n = static_cast<double>(y.size());
  SampleLoss loss{0, Values(y.size())};
  for (std::int64_t j = 0; j < y.size(); ++j) {
    const Pair pair = function(y[j], t[j]);
    loss.value += pair.value / n;
    loss.gradient[j] = pair.slope / n;
  }
  return loss;
}

// mean_j (y_j - t_j)^2
SampleLoss squared_error(const Values& y, const Values& t) {
  return mean_over(y, t, [](double p, double q) -> Pair {
    return {(p - q) * (p - q), 2 * (p - q)};
  });
}

// mean_j |y_j - t_j|
SampleLoss absolute_error(const Values& y, const Values& t) {
  return mean_over(y, t, [](double p, double q) -> Pair {
    return {std::abs(p - q), p == q ? 0 : std::copysign(1.0, p - q)};
  });
}

// mean_j: the error's square / 2 where it is at most delta, and the tangent to that beyond
SampleLoss huber(const Values& y, const Values& t, double delta) {
  return mean_over(y, t, [=](double p, double q) -> Pair {
    const double error = p - q;
    if (std::abs(error) <= delta) return {error * error / 2, error};
    return {delta * std::abs(error) - delta * delta / 2, std::copysign(delta, error)};
  });
}

// sum_j t_j log(t_j / p_j), both clipped to [1e-7, 1]
SampleLoss kl_divergence(const Values& p, const Values& t) {
  SampleLoss loss{0, Values(p.size())};
  for (std::int64_t j = 0; j < p.size(); ++j) {
    const double target = std::clamp(t[j], kClipLow, 1.0);
    const double output = std::clamp(p[j], kClipLow, 1.0);
    loss.value += target * (std::log(target) - std::log(output));
    loss.gradient[j] = output == p[j] ? -target / output : 0;
  }
  return loss;
}

// mean_j y_j - t_j log(y_j + 1e-7)
SampleLoss poisson(const Values& y, const Values& t) {
  return mean_over(y, t, [](double p, double q) -> Pair {
    return {p - q * std::log(p + kClipLow), 1 - q / (p + kClipLow)};
  });
}

// mean_j max(1 - t_j y_j, 0), where a target of 0 is one of -1
SampleLoss hinge(const Values& y, const Values& t) {
  return mean_over(y, t, [](double p, double q) -> Pair {
    const double sign = q == 0 ? -1 : q;
    if (1 - sign * p <= 0) return {0, 0};
    return {1 - sign * p, -sign};
  });
}

/// The targets that a cross-entropy with label smoothing has.
Values smooth(Values t, double smoothing, double classes) {
  for (double& value : t) value = (1 - smoothing) * value + smoothing / classes;
  return t;
}

/// What each listed loss is.
class Formulas {
 public:
  Formulas(const Values& y, const Values& t, bool fused) : y_(y), t_(t), fused_(fused) {}

  SampleLoss operator()(const losses::CategoricalCrossentropy& loss) const {
    const Values t = smooth(t_, loss.label_smoothing, static_cast<double>(t_.size()));
    return fused_ || loss.from_logits ? categorical_from_logits(y_, t) : categorical(y_, t);
  }
  SampleLoss operator()(const losses::SparseCategoricalCrossentropy& loss) const {
    return (*this)(losses::CategoricalCrossentropy{.from_logits = loss.from_logits});
  }
  SampleLoss operator()(const losses::BinaryCrossentropy& loss) const {
    const Values t = smooth(t_, loss.label_smoothing, 2);
    return loss.from_logits ? binary_from_logits(y_, t) : binary(y_, t);
  }
  SampleLoss operator()(const losses::MeanSquaredError& /*loss*/) const {
    return squared_error(y_, t_);
  }
  SampleLoss operator()(const losses::MeanAbsoluteError& /*loss*/) const {
    return absolute_error(y_, t_);
  }
  SampleLoss operator()(const losses::Huber& loss) const { return huber(y_, t_, loss.delta); }
  SampleLoss operator()(const losses::KLDivergence& /*loss*/) const {
    return kl_divergence(y_, t_);
  }
  SampleLoss operator()(const losses::Poisson& /*loss*/) const { return poisson(y_, t_); }
  SampleLoss operator()(const losses::Hinge& /*loss*/) const { return hinge(y_, t_); }

 private:
  const Values& y_;
  const Values& t_;
  bool fused_;
};

Values sample(const Batch& batch, std::int64_t row) {
  const auto first = batch.values.begin() + row * batch.sample_size();
  return {first, first + batch.sample_size()};
}

std::ptrdiff_t first_largest(const Values& values) {
  return std::ranges::max_element(values) - values.begin();
}

}  // namespace

bool fuses_with_softmax(const Loss& loss) {
  const auto* categorical = loss.as<losses::CategoricalCrossentropy>();
  const auto* sparse = loss.as<losses::SparseCategoricalCrossentropy>();
  return (categorical != nullptr && !categorical->from_logits) ||
         (sparse != nullptr && !sparse->from_logits);
}

LossValue evaluate(const Loss& loss, const Batch& y, const Batch& t, bool fused) {
  LossValue result{0, Batch(y.rows, y.shape)};
  auto gradient = result.gradient.values.begin();
  for (std::int64_t row = 0; row < y.rows; ++row) {
    const SampleLoss one =
        std::visit(Formulas(sample(y, row), sample(t, row), fused), loss.listed());
    result.sum += one.value;
    for (const double d : one.gradient) *gradient++ = d / static_cast<double>(y.rows);
  }
  return result;
}

Sums count(const Batch& y, const Batch& t) {
  Sums sums{.rows = y.rows};
  for (std::int64_t row = 0; row < y.rows; ++row) {
    const Values outputs = sample(y, row);
    const Values targets = sample(t, row);
    for (std::int64_t j = 0; j < outputs.size(); ++j) {
      // Keras rounds, and 0.5 rounds to 0
      metric<metrics::BinaryAccuracy>(sums) += (outputs[j] > 0.5 ? 1.0 : 0.0) == targets[j] ? 1 : 0;
      metric<metrics::MeanAbsoluteError>(sums) +=
          std::abs(outputs[j] - targets[j]) / static_cast<double>(outputs.size());
    }
    const std::ptrdiff_t target = first_largest(targets);
    metric<metrics::CategoricalAccuracy>(sums) += first_largest(outputs) == target ? 1 : 0;
    const double at_target = outputs[target];
    const auto larger =
        std::ranges::count_if(outputs, [=](double output) { return output > at_target; });
    metric<metrics::Top5CategoricalAccuracy>(sums) += larger < 5 && !std::isnan(at_target) ? 1 : 0;
  }
  return sums;
}

}  // namespace saltus::reference
