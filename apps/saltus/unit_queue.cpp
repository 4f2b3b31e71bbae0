#include "unit_queue.h"

#include <algorithm>
#include <utility>

#include <saltus/report.h>

namespace saltus::app {
namespace {

std::size_t trials_of(const std::string& unit) {
  return static_cast<std::size_t>(std::ranges::count(unit, ',')) + 1;
}

}  // namespace

std::size_t unit_size(const SweepPlan& plan, int side_by_side, std::size_t programs) {
  constexpr std::size_t kUnitOfGpus = 16;
  if (side_by_side > 0) return static_cast<std::size_t>(side_by_side);
  if (plan.config.device == Device::cpu) return 1;
  if (programs == 0) return kUnitOfGpus;
  return std::clamp<std::size_t>(plan.trials.size() / programs, 1, kUnitOfGpus);
}

UnitQueue::UnitQueue(const SweepPlan& plan, const TrialStore& store, std::filesystem::path folder,
                     std::size_t size)
    : plan_(plan), store_(store), folder_(std::move(folder)), size_(size), done_(store.size()) {}

bool UnitQueue::begin_round() {
  // Of any other sweep all trials are of the first.
  if (std::exchange(begun_, true) && !plan_.config.until_decided) return false;
  std::size_t trials = 0;
  for (const TrialSpec& trial : missing()) {
    if (trials++ % size_ == 0) {
      waiting_.push_back(trial.id);
    } else {
      waiting_.back() += ',';
      waiting_.back() += trial.id;
    }
  }
  return trials > 0;
}

std::vector<TrialSpec> UnitQueue::missing() const {
  if (plan_.config.until_decided) return next_trials(plan_, read_trials(folder_));
  std::vector<TrialSpec> trials = plan_.trials;
  std::erase_if(trials, [&](const TrialSpec& trial) { return store_.holds(trial.id); });
  return trials;
}

std::optional<std::string> UnitQueue::take() {
  if (waiting_.empty()) return std::nullopt;
  std::string unit = std::move(waiting_.front());
  waiting_.pop_front();
  ++taken_;
  return unit;
}

void UnitQueue::give_back(std::string unit) {
  waiting_.push_front(std::move(unit));
  --taken_;
}

void UnitQueue::finish(const std::string& unit) {
  done_ += trials_of(unit);
  --taken_;
}

}  // namespace saltus::app
