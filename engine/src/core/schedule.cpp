#include <algorithm>
#include <cmath>
#include <numbers>

#include <saltus/schedule.h>

#include "core/entries.h"

namespace saltus {
namespace schedules {
namespace {

double or_all(double steps, const ScheduledStep& at) {
  return steps != 0 ? steps : at.all;
}

/// From 1 to `least`, along half a cosine, as `done` goes from 0 to 1.
double fall(double done, double least) {
  const double share = 0.5 * (1 + std::cos(std::numbers::pi * done));
  return (1 - least) * share + least;
}

}  // namespace

std::string_view PiecewiseConstantDecay::conflict() const {
  if (boundaries.empty() || values.size() != boundaries.size() + 1)
    return "piecewise_constant_decay needs boundaries, and one more of values";
  const auto falls = std::ranges::adjacent_find(boundaries, std::ranges::greater_equal());
  return falls != boundaries.end() ? "the boundaries of piecewise_constant_decay must rise" : "";
}

double PiecewiseConstantDecay::rate(const ScheduledStep& at) const {
  const auto next = std::ranges::lower_bound(boundaries, at.number);
  return values[static_cast<std::size_t>(next - boundaries.begin())];
}

double ExponentialDecay::rate(const ScheduledStep& at) const {
  const double done = at.number / or_all(decay_steps, at);
  return at.initial * std::pow(decay_rate, staircase ? std::floor(done) : done);
}

double PolynomialDecay::rate(const ScheduledStep& at) const {
  double done = at.number / or_all(decay_steps, at);
  done = cycle ? done / std::max(1.0, std::ceil(done)) : std::min(done, 1.0);
  return (at.initial - end_learning_rate) * std::pow(1 - done, power) + end_learning_rate;
}

double InverseTimeDecay::rate(const ScheduledStep& at) const {
  const double done = at.number / or_all(decay_steps, at);
  return at.initial / (1 + decay_rate * (staircase ? std::floor(done) : done));
}

double CosineDecay::rate(const ScheduledStep& at) const {
  if (at.number < warmup_steps)
    return at.initial + (warmup_target - at.initial) * at.number / warmup_steps;
  const double steps = decay_steps != 0 ? decay_steps : std::max(1.0, at.all - warmup_steps);
  const double done = std::min((at.number - warmup_steps) / steps, 1.0);
  return (warmup_target != 0 ? warmup_target : at.initial) * fall(done, alpha);
}

double CosineDecayRestarts::rate(const ScheduledStep& at) const {
  // Steps of one cosine behind another; by counting, for the logarithm would round.
  double done = at.number / or_all(first_decay_steps, at);
  double restarts = 0;
  if (t_mul == 1) {
    restarts = std::floor(done);
    done -= restarts;
  }
  for (; done >= 1; ++restarts) done = (done - 1) / t_mul;
  const double height = std::pow(m_mul, restarts);
  const double share = 0.5 * height * (1 + std::cos(std::numbers::pi * done));
  return at.initial * ((1 - alpha) * share + alpha);
}

double OneCycle::rate(const ScheduledStep& at) const {
  const double begin = at.initial / div_factor;
  const double top = pct_start * or_all(total_steps, at) - 1;
  if (at.number <= top && top > 0)
    return at.initial + (begin - at.initial) * fall(at.number / top, 0);
  const double start = std::max(top, 0.0);
  const double end = begin / final_div_factor;
  const double length = std::max(1.0, or_all(total_steps, at) - 1 - start);
  return end + (at.initial - end) * fall(std::min((at.number - start) / length, 1.0), 0);
}

}  // namespace schedules

const std::vector<LearningRateSchedule>& schedule_list() {
  static const std::vector<LearningRateSchedule> list = usual_entries<LearningRateSchedule>();
  return list;
}

std::string_view name_of(const LearningRateSchedule& schedule) {
  return entry_name(schedule);
}

LearningRateSchedule parse_schedule(std::string_view text) {
  auto schedule = parse_entry<LearningRateSchedule>("schedule", text, "cosine_decay:alpha=0.1");
  validate(schedule);
  return schedule;
}

std::string text_of(const LearningRateSchedule& schedule) {
  return std::string(name_of(schedule)) + values_of(schedule, ":");
}

void validate(const LearningRateSchedule& schedule) {
  validate_entry(schedule);
}

double rate_of(const LearningRateSchedule& schedule, const ScheduledStep& at) {
  return std::visit([&](const auto& one) { return one.rate(at); }, schedule);
}

}  // namespace saltus
