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

// mean_j (y_j - t_j)^2
SampleLoss squared_error(const Values& y, const Values& t) {
  const auto n = static_cast<double>(y.size());
  SampleLoss loss{0, Values(y.size())};
  for (std::int64_t j = 0; j < y.size(); ++j) {
    loss.value += (y[j] - t[j]) * (y[j] - t[j]) / n;
    loss.gradient[j] = 2 * (y[j] - t[j]) / n;
  }
  return loss;
}

SampleLoss sample_loss(const Loss& loss, const Values& y, const Values& t, bool fused) {
  switch (loss.kind()) {
    case Loss::Kind::categorical_crossentropy:
    case Loss::Kind::sparse_categorical_crossentropy:
      return fused ? categorical_from_logits(y, t) : categorical(y, t);
    case Loss::Kind::categorical_crossentropy_from_logits:
      return categorical_from_logits(y, t);
    case Loss::Kind::binary_crossentropy:
      return binary(y, t);
    case Loss::Kind::binary_crossentropy_from_logits:
      return binary_from_logits(y, t);
    case Loss::Kind::mean_squared_error:
    case Loss::Kind::custom:
      break;
  }
  return squared_error(y, t);
}

Values sample(const Batch& batch, std::int64_t row) {
  const auto first = batch.values.begin() + row * batch.sample_size();
  return {first, first + batch.sample_size()};
}

std::ptrdiff_t first_largest(const Values& values) {
  return std::ranges::max_element(values) - values.begin();
}

}  // namespace

bool fuses_with_softmax(Loss loss) {
  return loss == Loss::categorical_crossentropy || loss == Loss::sparse_categorical_crossentropy;
}

LossValue evaluate(Loss loss, const Batch& y, const Batch& t, bool fused) {
  LossValue result{0, Batch(y.rows, y.shape)};
  auto gradient = result.gradient.values.begin();
  for (std::int64_t row = 0; row < y.rows; ++row) {
    const SampleLoss one = sample_loss(loss, sample(y, row), sample(t, row), fused);
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
      sums.binary_hits += (outputs[j] > 0.5 ? 1.0 : 0.0) == targets[j] ? 1 : 0;
      sums.absolute_error +=
          std::abs(outputs[j] - targets[j]) / static_cast<double>(outputs.size());
    }
    sums.categorical_hits += first_largest(outputs) == first_largest(targets) ? 1 : 0;
  }
  return sums;
}

}  // namespace saltus::reference
