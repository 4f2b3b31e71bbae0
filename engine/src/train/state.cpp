#include "train/state.h"

#include <limits>

#include <fmt/format.h>

#include <saltus/error.h>

#include "train/model_file.h"
#include "train/trainer.h"

namespace saltus::train {
namespace {

void check_size(const Weight& weight, std::string_view what, std::size_t size) {
  const auto expected = static_cast<std::size_t>(element_count(weight.shape));
  if (size == expected) return;
  throw InvalidArgument(
      fmt::format("{} of {} has {} values, not {}", what, weight.name, size, expected));
}

}  // namespace

void append(History& history, int epoch, const Logs& logs) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  for (const auto& [name, value] : logs) history.history[name].resize(history.epoch.size(), kNone);
  history.epoch.push_back(epoch);
  for (auto& [name, values] : history.history) {
    const auto figure = logs.find(name);
    values.push_back(figure == logs.end() ? kNone : figure->second);
  }
}

TrainingState Trainer::state(int trial) {
  take_training_seconds();
  const auto place = static_cast<std::size_t>(trial);
  TrainingState state{.steps = executable_->steps(trial),
                      .learning_rate = learning_rate_of(optimizers_[place]),
                      .position = positions_[place],
                      .history = histories_[place]};
  state.moments.resize(static_cast<std::size_t>(backend::moments_of(optimizers_[place])));
  const bool averages = entries_[place].ema_momentum > 0;
  for (std::size_t i = 0; i < weights().size(); ++i) {
    state.weights.push_back(get_weight(trial, i));
    if (averages) {
      std::vector<float>& values = state.trained.emplace_back();
      if (weights()[i].trainable) {
        values.resize(state.weights[i].size());
        executable_->read_weight(trial, static_cast<int>(i), values);
      }
    }
    for (std::size_t moment = 0; moment < state.moments.size(); ++moment) {
      std::vector<float>& values = state.moments[moment].emplace_back();
      if (!weights()[i].trainable) continue;
      values.resize(state.weights[i].size());
      executable_->read_moment(trial, static_cast<int>(i), static_cast<int>(moment), values);
    }
  }
  if (diagnoses_ && state.position.batch > 0) state.before = diagnoses_->before(trial);
  return state;
}

void Trainer::restore(int trial, const TrainingState& state) {
  const auto place = static_cast<std::size_t>(trial);
  const Optimizer optimizer = with_learning_rate(optimizers_[place], state.learning_rate);
  validate(optimizer);
  const auto moments = static_cast<std::size_t>(backend::moments_of(optimizer));
  const std::size_t trained = entries_[place].ema_momentum > 0 ? weights().size() : 0;
  if (state.weights.size() != weights().size() || state.moments.size() != moments ||
      state.trained.size() != trained) {
    throw InvalidArgument(
        "the state is of another network or optimizer; continue with those that it was taken of");
  }
  const Position& position = state.position;
  if (position.batch > 0 && position.sums.custom.size() != figures_.custom().size()) {
    throw InvalidArgument(
        "the state has sums of other metrics; compile with those that it was taken with");
  }
  for (std::size_t i = 0; i < weights().size(); ++i) {
    check_size(weights()[i], "the state", state.weights[i].size());
    if (!state.before.empty() && weights()[i].trainable) {
      check_size(weights()[i], "the weight before", state.before.at(i).size());
    }
    if (trained > 0 && weights()[i].trainable) {
      check_size(weights()[i], "the trained weight", state.trained[i].size());
    }
    for (const auto& of_weights : state.moments) {
      if (of_weights.size() != weights().size()) {
        throw InvalidArgument("the state has moments of another number of weights");
      }
      if (weights()[i].trainable) check_size(weights()[i], "a moment", of_weights[i].size());
    }
  }
  for (std::size_t i = 0; i < weights().size(); ++i) {
    if (trained > 0 && weights()[i].trainable) {
      set_weight(trial, i, state.trained[i]);
      executable_->write_average(trial, static_cast<int>(i), state.weights[i]);
    } else {
      set_weight(trial, i, state.weights[i]);
    }
    for (std::size_t moment = 0; moment < moments && weights()[i].trainable; ++moment) {
      executable_->write_moment(trial, static_cast<int>(i), static_cast<int>(moment),
                                state.moments[moment][i]);
    }
  }
  executable_->set_steps(trial, state.steps);
  set_initial_rate(trial, state.learning_rate);
  restored_steps_[place] = state.steps;
  if (diagnoses_) diagnoses_->restore(trial, state.before);
  positions_[place] = state.position;
  histories_[place] = state.history;
}

CompiledWith Trainer::compiled_with(int trial) const {
  const Entry& made = entry(trial);
  CompiledWith compiled{.loss = to_string(options_.loss),
                        .metrics = {},
                        .optimizer = made.optimizer,
                        .schedule = made.schedule,
                        .ema_momentum = made.ema_momentum,
                        .precision = options_.precision,
                        .seed = made.seed,
                        .terminate_on_nan = options_.terminate_on_nan};
  for (const Metric& metric : options_.metrics) compiled.metrics.push_back(to_string(metric));
  return compiled;
}

ModelFile Trainer::file(int trial) {
  return {entry(trial).graph, compiled_with(trial), state(trial)};
}

void Trainer::restore(int trial, const std::filesystem::path& path) {
  const ModelFile file = read_model(path);
  if (!file.compiled ||
      text_of(file.graph, *file.compiled) != text_of(entry(trial).graph, compiled_with(trial))) {
    throw InvalidArgument(fmt::format(
        "{} is of another network, or compiled in another way; use that, or remove the file",
        path.string()));
  }
  restore(trial, file.state);
}

}  // namespace saltus::train
