#include "backend/cuda/trial_table.h"

#include <algorithm>

namespace saltus::cuda {

TrialTable::TrialTable(const plan::Plan& plan, std::span<const backend::Trial> trials,
                       cudaStream_t stream)
    : activation_slots_(plan.slots.activations),
      dropout_slots_(plan.slots.dropouts),
      rates_(trials.size()),
      states_(2 * trials.size(), "the table of trials"),
      rules_(trials.size(), "the table of trials"),
      non_finite_(trials.size(), "the table of trials"),
      activations_(trials.size() * static_cast<std::size_t>(activation_slots_),
                   "the table of trials"),
      dropouts_(trials.size() * static_cast<std::size_t>(dropout_slots_), "the table of trials") {
  kernels::ActivationRef* activation = activations_.host();
  kernels::DropoutRule* dropout = dropouts_.host();
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const backend::Trial& trial = trials[i];
    states_.host()[i].seed = states_.host()[trials.size() + i].seed = trial.seed;
    const kernels::UpdateRule& rule = rules_.host()[i] = kernels::UpdateRule(trial.optimizer);
    optimizers_.push_back(trial.optimizer);
    moments_ = std::max(moments_, backend::moments_of(trial.optimizer));
    clips_by_norm_ |= rule.clips_by_norm();
    optimizer_bits_ |= rule.bit();
    activation = std::copy(trial.activations.begin(), trial.activations.end(), activation);
    dropout = std::copy(trial.dropouts.begin(), trial.dropouts.end(), dropout);
  }
  states_.upload(stream);
  rules_.upload(stream);
  non_finite_.upload(stream);
  activations_.upload(stream);
  dropouts_.upload(stream);
  if (std::ranges::none_of(trials, [](const auto& trial) { return trial.ema_momentum > 0; })) {
    return;
  }
  // A trial without averages has its weights in place of them, for those who evaluate.
  average_rates_ = Mirror<float>(trials.size(), "the table of trials");
  for (std::size_t i = 0; i < trials.size(); ++i) {
    average_rates_.host()[i] = static_cast<float>(1 - trials[i].ema_momentum);
  }
  average_rates_.upload(stream);
}

kernels::Trials TrialTable::all(const kernels::BatchRange* batch) const {
  return table(0, count(), states_.device(), batch);
}

kernels::Trials TrialTable::only(int trial, const kernels::BatchRange* batch) const {
  return table(static_cast<std::size_t>(trial), 1, states_.device() + count() + trial, batch);
}

kernels::Trials TrialTable::table(std::size_t first, int count, kernels::TrialState* states,
                                  const kernels::BatchRange* batch) const {
  kernels::Trials trials;
  trials.count = count;
  trials.states = states;
  trials.batch = batch;
  trials.activations = activations_.device() + first * static_cast<std::size_t>(activation_slots_);
  trials.dropouts = dropouts_.device() + first * static_cast<std::size_t>(dropout_slots_);
  trials.activation_slots = activation_slots_;
  trials.dropout_slots = dropout_slots_;
  return trials;
}

// The step count beside it stays the device's own.
void TrialTable::set_active(int trial, bool active, cudaStream_t stream) {
  kernels::TrialState& state = states_.host()[trial];
  state.active = active ? 1 : 0;
  copy(&states_.device()[trial].active, &state.active, 1, cudaMemcpyHostToDevice, stream);
  if (!active) return;
  non_finite_.host()[trial] = {};
  copy(non_finite_.device() + trial, non_finite_.host() + trial, 1, cudaMemcpyHostToDevice, stream);
}

void TrialTable::set_steps(int trial, std::uint32_t steps, cudaStream_t stream) {
  kernels::TrialState& state = states_.host()[trial];
  state.step = steps;
  copy(&states_.device()[trial].step, &state.step, 1, cudaMemcpyHostToDevice, stream);
}

void TrialTable::set_learning_rates(int trial, std::span<const double> rates, std::uint32_t done,
                                    cudaStream_t stream) {
  const auto place = static_cast<std::size_t>(trial);
  kernels::UpdateRule& rule = rules_.host()[trial] =
      kernels::UpdateRule(with_learning_rate(optimizers_[place], rates.front()));
  if (rates.size() > 1) {
    Mirror<double>& own = rates_[place];
    if (own.size() < rates.size()) own = Mirror<double>(rates.size(), "learning rates");
    std::ranges::copy(rates, own.host());
    copy(own.device(), own.host(), rates.size(), cudaMemcpyHostToDevice, stream);
    rule.follow(own.device(), done + 1, static_cast<std::uint32_t>(rates.size()));
  }
  copy(rules_.device() + trial, rules_.host() + trial, 1, cudaMemcpyHostToDevice, stream);
}

}  // namespace saltus::cuda
