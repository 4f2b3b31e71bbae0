// A backend that computes nothing: it records what it is asked for and answers what a test says.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "backend/backend.h"

namespace saltus::testing_support {

/// What one call of Executable::train() asked for.
struct TrainCall {
  std::uint32_t order = 0;
  std::int64_t first = 0;
  std::int64_t count = 0;
  std::int64_t batch_size = 0;
  bool shuffle = false;
};

class FakeExecutable : public backend::Executable {
 public:
  FakeExecutable(std::shared_ptr<const plan::Plan> plan, const std::vector<backend::Trial>& table)
      : plan_(std::move(plan)), trials_(table.size()) {
    for (const backend::Trial& trial : table) seeds.push_back(trial.seed);
  }

  // What a test looks at.
  std::vector<TrainCall> train_calls;
  std::vector<std::uint64_t> seeds;
  Samples bound[2];
  int evaluations = 0;
  std::vector<std::int64_t> asked_rows;  // batch sizes of evaluations and predictions
  std::vector<std::string> words;        // "train", "evaluate", and which sums were taken, in order
  std::map<int, double> learning_rates;
  bool is_active(int trial) const { return trials_[static_cast<std::size_t>(trial)].active; }

  // What a test says: how it is best used, how long training took, the sums of a training batch by
  // trial, order and batch number, those of an evaluated batch by trial, number and rows, and the
  // batch in which a trial meets a number that is not finite.
  std::function<backend::BatchSums(int, std::uint32_t, std::int64_t)> batch_sums =
      [](int, std::uint32_t, std::int64_t) { return backend::BatchSums{}; };
  std::function<backend::BatchSums(int, std::int64_t, std::int64_t)> evaluation_sums =
      [](int, std::int64_t, std::int64_t rows) {
        backend::BatchSums sums;
        sums.loss = 7.0 * static_cast<double>(rows);
        return sums;
      };
  std::function<bool(int, std::uint32_t, std::int64_t)> diverges =
      [](int, std::uint32_t, std::int64_t) { return false; };

  bool whole_epochs = false;
  double seconds = 2;

  int trials() const override { return static_cast<int>(trials_.size()); }
  void bind(backend::Split split, const Samples& samples) override {
    bound[static_cast<int>(split)] = samples;
  }
  void train(std::uint32_t epoch, std::int64_t first, std::int64_t count, std::int64_t batch_size,
             bool shuffle) override {
    words.emplace_back("train");
    train_calls.push_back({epoch, first, count, batch_size, shuffle});
    const std::int64_t rows = bound[0].count;
    for (std::int64_t batch = first; batch < first + count; ++batch) {
      for (std::size_t i = 0; i < trials_.size(); ++i) {
        Trial& trial = trials_[i];
        if (!trial.active) continue;
        backend::BatchSums sums = batch_sums(static_cast<int>(i), epoch, batch);
        sums.rows = std::min(batch_size, rows - batch * batch_size);
        trial.sums[0].push_back(sums);
        if (diverges(static_cast<int>(i), epoch, batch)) {
          trial.non_finite = backend::NonFinite{batch, "dense/kernel"};
          trial.active = false;
        } else {
          ++trial.steps;
        }
      }
    }
  }
  void evaluate(backend::Split split, std::int64_t batch_size) override {
    words.emplace_back("evaluate");
    asked_rows.push_back(batch_size);
    ++evaluations;
    const std::int64_t rows = bound[static_cast<int>(split)].count;
    for (std::int64_t batch = 0; batch * batch_size < rows; ++batch) {
      const std::int64_t part = std::min(batch_size, rows - batch * batch_size);
      for (std::size_t i = 0; i < trials_.size(); ++i) {
        if (!trials_[i].active) continue;
        backend::BatchSums sums = evaluation_sums(static_cast<int>(i), batch, part);
        sums.rows = part;
        trials_[i].sums[static_cast<std::size_t>(split)].push_back(sums);
      }
    }
  }
  std::vector<backend::BatchSums> take_sums(int trial, backend::Split split) override {
    words.push_back(split == backend::Split::train ? "training" : "validation");
    return std::exchange(
        trials_[static_cast<std::size_t>(trial)].sums[static_cast<std::size_t>(split)], {});
  }
  double training_seconds() override { return seconds; }
  bool prefers_whole_epochs() const override { return whole_epochs; }
  std::vector<float> predict(int /*trial*/, backend::Split /*split*/,
                             std::int64_t batch_size) override {
    asked_rows.push_back(batch_size);
    return {};
  }
  void read_gradient(int /*trial*/, int /*weight*/, std::span<float> /*values*/) override {}
  void read_weight(int trial, int weight, std::span<float> values) override {
    const auto& stored = weights_[{trial, weight}];
    std::copy(stored.begin(), stored.end(), values.begin());
  }
  void write_weight(int trial, int weight, std::span<const float> values) override {
    weights_[{trial, weight}].assign(values.begin(), values.end());
  }
  void read_average(int trial, int weight, std::span<float> values) override {
    read_weight(trial, weight, values);
  }
  void write_average(int /*trial*/, int /*weight*/, std::span<const float> /*values*/) override {}
  void read_moment(int trial, int weight, int moment, std::span<float> values) override {
    const auto& stored = moments_[{trial, weight, moment}];
    std::copy(stored.begin(), stored.end(), values.begin());
  }
  void write_moment(int trial, int weight, int moment, std::span<const float> values) override {
    moments_[{trial, weight, moment}].assign(values.begin(), values.end());
  }
  std::uint32_t steps(int trial) override { return trials_[static_cast<std::size_t>(trial)].steps; }
  void set_steps(int trial, std::uint32_t steps) override {
    trials_[static_cast<std::size_t>(trial)].steps = steps;
  }
  void set_learning_rates(int trial, std::span<const double> rates) override {
    learning_rates[trial] = rates.front();
  }
  void set_active(int trial, bool active) override {
    Trial& state = trials_[static_cast<std::size_t>(trial)];
    state.active = active;
    if (active) state.non_finite.reset();
  }
  const backend::NonFinite* non_finite(int trial) override {
    const auto& found = trials_[static_cast<std::size_t>(trial)].non_finite;
    return found ? &*found : nullptr;
  }

 private:
  struct Trial {
    bool active = true;
    std::uint32_t steps = 0;
    std::vector<backend::BatchSums> sums[2];  // by split
    std::optional<backend::NonFinite> non_finite;
  };

  std::shared_ptr<const plan::Plan> plan_;
  std::vector<Trial> trials_;
  std::map<std::pair<int, int>, std::vector<float>> weights_;
  std::map<std::tuple<int, int, int>, std::vector<float>> moments_;
};

/// Ten samples of three inputs and two classes.
struct Data {
  std::vector<float> inputs = std::vector<float>(30, 0.0F);
  std::vector<std::uint8_t> classes = {0, 1, 0, 1, 0, 1, 0, 1, 0, 1};
  Samples samples() const { return {.count = 10, .inputs = inputs, .targets = classes}; }
};

/// Makes fake executables; `made` is the last one, which belongs to whoever asked for it.
class FakeBackend : public backend::Backend {
 public:
  std::string_view name() const override { return "fake"; }
  void check(const plan::Plan& /*plan*/, std::span<const backend::Trial> /*trials*/,
             const backend::Options& options) const override {
    checked_options = options;
  }
  std::unique_ptr<backend::Executable> compile(std::shared_ptr<const plan::Plan> plan,
                                               std::vector<backend::Trial> trials,
                                               const backend::Options& options) const override {
    auto executable = std::make_unique<FakeExecutable>(std::move(plan), trials);
    made = executable.get();
    last_options = options;
    return executable;
  }
  int side_by_side(const plan::Plan& /*plan*/, std::span<const Optimizer> /*optimizers*/,
                   bool /*averages*/, const backend::Options& /*options*/, const Samples& /*train*/,
                   const Samples& /*validation*/) const override {
    return 1;
  }

  mutable FakeExecutable* made = nullptr;
  mutable backend::Options last_options;
  mutable backend::Options checked_options;
};

}  // namespace saltus::testing_support
