#include "reference/updater.h"

#include <algorithm>
#include <cmath>
#include <variant>

namespace saltus::reference {
namespace {

double sum_of_squares(const Values& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return sum;
}

void scale(Values& values, double factor) {
  for (double& value : values) value *= factor;
}

std::int64_t clip_by_value(Weights& gradients, double bound) {
  std::int64_t clipped = 0;
  for (auto& [name, gradient] : gradients) {
    for (double& g : gradient) {
      if (std::abs(g) > bound) ++clipped;
      g = std::clamp(g, -bound, bound);
    }
  }
  return clipped;
}

std::int64_t clip_by_norm(Weights& gradients, double bound) {
  std::int64_t clipped = 0;
  for (auto& [name, gradient] : gradients) {
    const double norm = std::sqrt(sum_of_squares(gradient));
    if (norm <= bound) continue;
    scale(gradient, bound / norm);
    ++clipped;
  }
  return clipped;
}

std::int64_t clip_by_global_norm(Weights& gradients, double bound) {
  double squares = 0;
  for (const auto& [name, gradient] : gradients) squares += sum_of_squares(gradient);
  const double norm = std::sqrt(squares);
  if (norm <= bound) return 0;
  for (auto& [name, gradient] : gradients) scale(gradient, bound / norm);
  return static_cast<std::int64_t>(gradients.size());
}

std::int64_t clip(Weights& gradients, const Clipping& clipping) {
  if (clipping.clipvalue) return clip_by_value(gradients, *clipping.clipvalue);
  if (clipping.clipnorm) return clip_by_norm(gradients, *clipping.clipnorm);
  if (clipping.global_clipnorm) return clip_by_global_norm(gradients, *clipping.global_clipnorm);
  return 0;
}

}  // namespace

std::int64_t Updater::update(Weights& weights, Weights gradients) {
  ++steps_;
  const std::int64_t clipped = clip(gradients, clipping_of(optimizer_));
  for (const auto& [name, gradient] : gradients) {
    Values& w = weights.at(name);
    Array<Moments>& moments = moments_.try_emplace(name, gradient.size()).first->second;
    for (std::int64_t i = 0; i < gradient.size(); ++i) {
      std::visit([&](const auto& o) { step(o, steps_, gradient[i], w[i], moments[i]); },
                 optimizer_);
    }
    if (ema_momentum_ == 0) continue;
    Values& average = averages_.try_emplace(name, w).first->second;  // the first step copies
    for (std::int64_t i = 0; i < w.size(); ++i) {
      average[i] = ema_momentum_ * average[i] + (1 - ema_momentum_) * w[i];
    }
  }
  return clipped;
}

}  // namespace saltus::reference
