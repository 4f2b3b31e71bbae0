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

/// Whether a moment becomes zero.
bool is_tiny(double moment) {
  return std::abs(moment) < 1e-30;
}

}  // namespace

std::int64_t Updater::update(Weights& weights, Weights gradients) {
  ++steps_;
  return std::visit(
      [&](const auto& optimizer) {
        const std::int64_t clipped = clip(gradients, optimizer.clipping);
        for (const auto& [name, gradient] : gradients) {
          apply(optimizer, weights.at(name), gradient, name);
        }
        return clipped;
      },
      optimizer_);
}

// m = beta_1 m + (1 - beta_1) g,  v = beta_2 v + (1 - beta_2) g^2,
// w -= learning_rate sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)
void Updater::apply(const Adam& adam, Values& w, const Values& g, const std::string& name) {
  Values& m = first_.try_emplace(name, g.size()).first->second;
  Values& v = second_.try_emplace(name, g.size()).first->second;
  const double rate = adam.learning_rate * std::sqrt(1 - std::pow(adam.beta_2, steps_)) /
                      (1 - std::pow(adam.beta_1, steps_));
  for (std::int64_t i = 0; i < g.size(); ++i) {
    m[i] = adam.beta_1 * m[i] + (1 - adam.beta_1) * g[i];
    v[i] = adam.beta_2 * v[i] + (1 - adam.beta_2) * g[i] * g[i];
    if (is_tiny(m[i]) && is_tiny(v[i])) v[i] = 0;
    if (is_tiny(m[i])) m[i] = 0;
    w[i] -= rate * m[i] / (std::sqrt(v[i]) + adam.epsilon);
  }
}

// velocity = momentum velocity - learning_rate g;
// w += velocity, with Nesterov w += momentum velocity - learning_rate g
void Updater::apply(const SGD& sgd, Values& w, const Values& g, const std::string& name) {
  Values& velocity = first_.try_emplace(name, g.size()).first->second;
  for (std::int64_t i = 0; i < g.size(); ++i) {
    velocity[i] = sgd.momentum * velocity[i] - sgd.learning_rate * g[i];
    if (is_tiny(velocity[i])) velocity[i] = 0;
    w[i] += sgd.nesterov ? sgd.momentum * velocity[i] - sgd.learning_rate * g[i] : velocity[i];
  }
}

}  // namespace saltus::reference
