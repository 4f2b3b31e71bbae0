#include "train/trainer.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/nearest.h>

#include "backend/select.h"
#include "core/workers.h"
#include "graph/custom_activation.h"
#include "graph/structure.h"
#include "ops/choices.h"
#include "train/fit_run.h"
#include "train/participant.h"
#include "train/sample_checks.h"
#include "train/weight_digest.h"

namespace saltus::train {
namespace {

std::shared_ptr<const Network> network_of(const std::vector<Entry>& entries,
                                          const CompileOptions& options) {
  if (entries.empty()) throw InvalidArgument("there is no model to train");
  return lower(entries.front().graph, options.loss, options.precision);
}

void check_entries(const Network& network, std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    validate(entry.optimizer);
    validate(entry.schedule);
    check_ema_momentum(entry.ema_momentum);
    if (!ops::have_one_structure(network.graph, entry.graph)) {
      throw InvalidArgument(
          "models that train side by side may differ in activation functions, initializers and "
          "dropout only");
    }
  }
}

std::vector<backend::Trial> trials_of(std::span<const Entry> entries) {
  std::vector<backend::Trial> trials;
  for (const Entry& entry : entries) trials.push_back(trial_of(entry));
  return trials;
}

backend::Options backend_options(const CompileOptions& options, const Figures& figures,
                                 std::int64_t batch_size) {
  check_threads(options.threads);
  return {.threads = options.threads,
          .batch_size = batch_size,
          .stop_on_nonfinite = options.terminate_on_nan,
          .libraries = options.libraries,
          .metrics = figures.custom()};
}

void check_samples(const Samples& samples, const plan::Plan& plan, const Loss& loss,
                   std::string_view what) {
  check_inputs(samples, plan, what);
  check_targets(samples, plan, loss, what);
  check_weights(samples, what);
}

void check_batch_size(std::int64_t batch_size) {
  if (batch_size < 1) {
    throw InvalidArgument(fmt::format("batch_size is {}, but must be 1 or more", batch_size));
  }
}

}  // namespace

backend::Trial trial_of(const Entry& entry) {
  const ops::Slots slots = ops::deal_slots(entry.graph);
  backend::Trial trial;
  trial.seed = entry.seed;
  trial.optimizer = entry.optimizer;
  trial.ema_momentum = entry.ema_momentum;
  trial.activations.resize(static_cast<std::size_t>(slots.activations));
  trial.dropouts.resize(static_cast<std::size_t>(slots.dropouts));
  for (std::size_t i = 0; i < entry.graph.nodes().size(); ++i) {
    const Layer& layer = entry.graph.nodes()[i].layer;
    if (const int slot = slots.activation[i]; slot >= 0) {
      trial.activations[static_cast<std::size_t>(slot)] =
          runnable(ops::activation_of(layer)->ref());
    }
    if (const int slot = slots.dropout[i]; slot >= 0) {
      trial.dropouts[static_cast<std::size_t>(slot)] = ops::dropout_of(layer);
    }
  }
  return trial;
}

std::shared_ptr<const Network> lower(const Graph& graph, const Loss& loss, Precision precision) {
  require_all_used(graph);
  return std::make_shared<const Network>(Network{graph, plan::make_plan(graph, loss, precision)});
}

std::vector<float> initial_values(std::span<const Weight> weights, std::uint64_t seed,
                                  std::size_t place) {
  const Weight& weight = weights[place];
  std::vector<float> values(static_cast<std::size_t>(element_count(weight.shape)));
  const auto number = std::ranges::count_if(weights.first(place),
                                            [](const Weight& before) { return !before.bounds; });
  initialize(weight.initializer, weight.fans, seed, static_cast<std::uint32_t>(number), values);
  return values;
}

void check_ema_momentum(double momentum) {
  if (momentum >= 0 && momentum < 1) return;
  throw InvalidArgument(
      fmt::format("ema_momentum is {}, but must be at least 0 and less than 1", momentum));
}

void check_values(const Weight& weight, std::span<const float> values) {
  const auto size = static_cast<std::size_t>(element_count(weight.shape));
  if (values.size() != size) {
    throw InvalidArgument(fmt::format("{} of shape {} takes {} values, not {}", weight.name,
                                      to_string(weight.shape), size, values.size()));
  }
}

Trainer::Trainer(std::vector<Entry> entries, const CompileOptions& options, std::int64_t batch_size)
    : Trainer(backend::select(options.device), std::move(entries), options, batch_size) {}

Trainer::Trainer(const backend::Backend& backend, std::vector<Entry> entries,
                 const CompileOptions& options, std::int64_t batch_size,
                 std::shared_ptr<const Network> network)
    : network_(network != nullptr ? std::move(network) : network_of(entries, options)),
      entries_(std::move(entries)),
      options_(options),
      figures_(options.metrics, element_count(plan().output)),
      all_steps_(entries_.size(), 1.0),
      restored_steps_(entries_.size()),
      positions_(entries_.size()),
      histories_(entries_.size()),
      divergences_(entries_.size()) {
  check_entries(*network_, entries_);
  for (const Entry& entry : entries_) optimizers_.push_back(entry.optimizer);
  executable_ = backend.compile({network_, &network_->plan}, trials_of(entries_),
                                backend_options(options, figures_, batch_size));
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    // Initializers are those of the entry's own graph.
    std::vector<Weight> own;
    for (const Node& node : entries_[i].graph.nodes())
      own.insert(own.end(), node.weights.begin(), node.weights.end());
    for (std::size_t place = 0; place < own.size(); ++place) {
      executable_->write_weight(static_cast<int>(i), static_cast<int>(place),
                                initial_values(own, entries_[i].seed, place));
    }
  }
}

void Trainer::check(const backend::Backend& backend, const Network& network,
                    std::span<const Entry> entries, const CompileOptions& options,
                    std::int64_t batch_size) {
  const Figures figures(options.metrics, element_count(network.plan.output));
  check_entries(network, entries);
  backend.check(network.plan, trials_of(entries), backend_options(options, figures, batch_size));
}

std::vector<float> Trainer::get_weight(int trial, std::size_t weight) const {
  std::vector<float> values(static_cast<std::size_t>(element_count(weights()[weight].shape)));
  executable_->read_average(trial, static_cast<int>(weight), values);
  return values;
}

std::vector<std::uint64_t> Trainer::weight_digests(int trial) const {
  std::vector<std::uint64_t> digests;
  std::vector<float> values;
  for (std::size_t place = 0; place < weights().size(); ++place) {
    values.resize(static_cast<std::size_t>(element_count(weights()[place].shape)));
    executable_->read_weight(trial, static_cast<int>(place), values);
    digests.push_back(weight_digest(values));
  }
  return digests;
}

void Trainer::check_weight(std::size_t weight, std::span<const float> values) const {
  check_values(weights()[weight], values);
}

void Trainer::set_weight(int trial, std::size_t weight, std::span<const float> values) {
  check_weight(weight, values);
  executable_->write_weight(trial, static_cast<int>(weight), values);
}

std::vector<float> Trainer::get_gradient(int trial, std::size_t weight) const {
  const Weight& target = weights()[weight];
  if (!target.trainable) {
    throw InvalidArgument(
        fmt::format("{} is not trained and has no gradient; ask for that of another", target.name));
  }
  if (executable_->steps(trial) == restored_steps_[static_cast<std::size_t>(trial)]) {
    throw InvalidArgument("there are no gradients yet: ask for them behind the first batch");
  }
  std::vector<float> values(static_cast<std::size_t>(element_count(target.shape)));
  executable_->read_gradient(trial, static_cast<int>(weight), values);
  return values;
}

std::vector<History> Trainer::fit(const Samples& samples, const FitOptions& options,
                                  std::span<const std::vector<CallbackPtr>> callbacks) {
  check_batch_size(options.batch_size);
  if (options.epochs < 1 || options.initial_epoch < 0) {
    throw InvalidArgument(fmt::format(
        "{} is {}, but must be {} or more", options.epochs < 1 ? "epochs" : "initial_epoch",
        options.epochs < 1 ? options.epochs : options.initial_epoch, options.epochs < 1 ? 1 : 0));
  }
  check_samples(samples, plan(), options_.loss, "training samples");
  SplitSamples split{samples, {}};
  if (options.validation_data) {
    split.validation = *options.validation_data;
    check_samples(split.validation, plan(), options_.loss, "validation samples");
  } else if (options.validation_split != 0) {
    split = split_off_last(samples, options.validation_split);
  }
  std::vector<float> weights;
  if (!options.class_weight.empty()) {
    weights = class_weights(split.train, options.class_weight, element_count(plan().output));
    split.train.weights = weights;
  }
  return FitRun(*this, split, options, callbacks).run();
}

std::vector<Logs> Trainer::evaluate(const Samples& samples, std::int64_t batch_size,
                                    std::span<const std::vector<CallbackPtr>> callbacks) {
  check_batch_size(batch_size);
  check_samples(samples, plan(), options_.loss, "samples");
  std::deque<Participant> participants = participants_of(*this, callbacks);
  activate_all();
  executable_->bind(backend::Split::validation, samples);
  for (Participant& participant : participants) participant.notify(&Callback::on_test_begin);
  executable_->evaluate(backend::Split::validation, batch_of(samples, batch_size));
  std::vector<Logs> results(static_cast<std::size_t>(trials()));
  for (int trial = 0; trial < trials(); ++trial) {
    backend::BatchSums sums;
    add(executable_->take_sums(trial, backend::Split::validation), sums);
    const auto place = static_cast<std::size_t>(trial);
    figures_.log(sums, "", results[place]);
    participants[place].notify(&Callback::on_test_end, results[place]);
  }
  return results;
}

std::vector<float> Trainer::predict(int trial, const Samples& samples, std::int64_t batch_size) {
  check_batch_size(batch_size);
  check_inputs(samples, plan(), "samples");
  executable_->bind(backend::Split::validation, samples);
  return executable_->predict(trial, backend::Split::validation, batch_of(samples, batch_size));
}

std::vector<std::int32_t> Trainer::evaluated_classes(int trial, const Samples& samples,
                                                     std::int64_t batch_size) {
  const std::int64_t size = element_count(plan().output);
  std::vector<std::int32_t> classes;
  if (size > 1) classes = executable_->evaluated_classes(trial, backend::Split::validation);
  if (!classes.empty()) return classes;
  const std::vector<float> outputs = predict(trial, samples, batch_size);
  if (size == 1) {
    for (const float output : outputs) classes.push_back(output > 0.5F ? 1 : 0);
    return classes;
  }
  for (auto own = outputs.begin(); own != outputs.end(); own += size)
    classes.push_back(static_cast<std::int32_t>(std::max_element(own, own + size) - own));
  return classes;
}

void Trainer::activate_all() {
  for (int trial = 0; trial < trials(); ++trial) {
    // These are left of a run that an exception ended.
    executable_->take_sums(trial, backend::Split::train);
    executable_->take_sums(trial, backend::Split::validation);
    executable_->set_active(trial, true);
  }
}

void Trainer::take_training_sums(int trial) {
  add(executable_->take_sums(trial, backend::Split::train),
      positions_[static_cast<std::size_t>(trial)].sums);
}

void Trainer::take_training_seconds() {
  const double seconds = executable_->training_seconds();
  for (Position& position : positions_) position.training_seconds += seconds;
}

int Trainer::epochs_done() const {
  int epochs = 0;
  for (const Position& position : positions_) epochs = std::max(epochs, position.order);
  return epochs;
}

ScheduledStep Trainer::next_step(int trial) const {
  const auto place = static_cast<std::size_t>(trial);
  return {.initial = learning_rate_of(optimizers_[place]),
          .number = static_cast<double>(executable_->steps(trial)),
          .all = all_steps_[place]};
}

double Trainer::learning_rate(int trial) const {
  const LearningRateSchedule& schedule = entry(trial).schedule;
  return is_constant(schedule) ? learning_rate_of(optimizers_[static_cast<std::size_t>(trial)])
                               : rate_of(schedule, next_step(trial));
}

void Trainer::set_learning_rate(int trial, double learning_rate) {
  if (!is_constant(entry(trial).schedule)) {
    throw InvalidArgument(fmt::format(
        "the learning rate follows {} and cannot be set; compile without a schedule to set it",
        saltus::text_of(entry(trial).schedule)));
  }
  set_initial_rate(trial, learning_rate);
}

void Trainer::log_learned(int trial, Logs& logs) {
  for (std::size_t place = 0; place < weights().size(); ++place) {
    const Weight& weight = weights()[place];
    if (!weight.bounds) continue;
    std::vector<float> values(static_cast<std::size_t>(element_count(weight.shape)));
    executable_->read_weight(trial, static_cast<int>(place), values);
    double sum = 0;
    for (const float value : values)
      sum += std::clamp(value, weight.bounds->low, weight.bounds->high);
    logs[weight.name] = sum / static_cast<double>(values.size());
  }
}

void Trainer::log_diagnoses(int trial, const Samples& samples, Logs& logs) {
  if (diagnoses_) diagnoses_->log(*executable_, trial, trial_of(entry(trial)), samples, logs);
}

std::vector<LayerDiagnostics> Trainer::diagnose(int trial, const Samples& samples) {
  check_samples(samples, plan(), options_.loss, "samples");
  diagnostics::Diagnosis diagnosis(network_->graph, plan(), options_.loss, samples.count,
                                   options_.threads);
  for (std::size_t place = 0; place < weights().size(); ++place)
    executable_->read_average(trial, static_cast<int>(place), diagnosis.weight(place));
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(samples.count));
  std::iota(numbers.begin(), numbers.end(), std::int64_t{0});
  return diagnosis.run(trial_of(entry(trial)), samples, numbers);
}

void Trainer::schedule_rates(int trial, std::int64_t steps) {
  const LearningRateSchedule& schedule = entry(trial).schedule;
  if (is_constant(schedule)) return;
  ScheduledStep at = next_step(trial);
  std::vector<double> rates;
  for (; std::ssize(rates) < steps; ++at.number) rates.push_back(rate_of(schedule, at));
  executable_->set_learning_rates(trial, rates);
}

void Trainer::set_initial_rate(int trial, double learning_rate) {
  Optimizer& optimizer = optimizers_[static_cast<std::size_t>(trial)];
  const Optimizer changed = with_learning_rate(optimizer, learning_rate);
  validate(changed);
  optimizer = changed;
  executable_->set_learning_rate(trial, learning_rate);
}

std::size_t weight_named(const std::vector<Weight>& weights, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Weight& weight : weights) {
    if (weight.name == name) return names.size();
    names.push_back(weight.name);
  }
  throw InvalidArgument(
      names.empty() ? fmt::format("the model has no weights, '{}' was asked for", name)
                    : fmt::format("the model has no weight '{}'{}", name, suggestion(name, names)));
}

}  // namespace saltus::train
