#include "train/epoch_diagnoses.h"

#include <algorithm>

namespace saltus::train {

std::int64_t diagnosed_samples(std::int64_t samples) {
  return std::min(samples, std::clamp<std::int64_t>(samples / 200, 16, 128));
}

void EpochDiagnoses::begin(backend::Executable& executable, int trial) {
  take_weights(executable, trial);
  const auto weights = diagnosis_->trained();
  before_[trial].assign(weights.begin(), weights.end());
}

void EpochDiagnoses::log(backend::Executable& executable, int trial, const backend::Trial& row,
                         const Samples& samples, Logs& logs) {
  take_weights(executable, trial);
  std::vector<std::int64_t> numbers;
  const std::int64_t count = diagnosed_samples(samples.count);
  for (std::int64_t i = 0; i < count; ++i) numbers.push_back(samples.count * i / count);
  std::vector<float>& before = before_[trial];
  diagnosis_->log(diagnosis_->run(row, samples, numbers, before), logs);
  const auto weights = diagnosis_->trained();
  before.assign(weights.begin(), weights.end());
}

std::vector<std::vector<float>> EpochDiagnoses::before(int trial) const {
  const auto known = before_.find(trial);
  std::vector<std::vector<float>> by_weight;
  if (known == before_.end() || known->second.empty()) return by_weight;
  for (std::size_t place = 0; place < diagnosis_->weights(); ++place) {
    const auto [first, size] = diagnosis_->place_in_trained(place);
    const auto begin = known->second.begin() + static_cast<std::ptrdiff_t>(first);
    by_weight.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(size));
  }
  return by_weight;
}

void EpochDiagnoses::restore(int trial, const std::vector<std::vector<float>>& before) {
  std::vector<float>& all = before_[trial];
  all.clear();
  if (before.empty()) return;
  all.resize(diagnosis_->trained().size());
  for (std::size_t place = 0; place < before.size(); ++place) {
    const auto first = static_cast<std::ptrdiff_t>(diagnosis_->place_in_trained(place).first);
    std::ranges::copy(before[place], all.begin() + first);
  }
}

void EpochDiagnoses::take_weights(backend::Executable& executable, int trial) {
  for (std::size_t place = 0; place < diagnosis_->weights(); ++place)
    executable.read_weight(trial, static_cast<int>(place), diagnosis_->weight(place));
}

}  // namespace saltus::train
