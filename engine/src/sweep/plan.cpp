#include "sweep/plan.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

#include "backend/select.h"
#include "core/boundary.h"
#include "core/workers.h"
#include "sweep/early_stopping.h"
#include "sweep/race.h"
#include "sweep/settings.h"
#include "sweep/trial_id.h"
#include "sweep/trial_model.h"

namespace saltus {
namespace {

template <class T>
void require_some(const std::vector<T>& values, std::string_view what) {
  if (values.empty()) throw InvalidArgument(fmt::format("a sweep needs at least one {}", what));
}

void require_positive(std::int64_t value, std::string_view what) {
  if (value < 1) throw InvalidArgument(fmt::format("{} must be 1 or more, not {}", what, value));
}

void require_at_most(std::int64_t value, std::int64_t most, std::string_view what) {
  if (value > most) {
    throw InvalidArgument(fmt::format("{} must be at most {}, not {}", what, most, value));
  }
}

/// A sweep's networks end with a Softmax.
void check_loss(const Loss& loss) {
  if (loss.is_custom()) {
    throw InvalidArgument(fmt::format(
        "a sweep's loss is one of the list or a formula, not the custom {}", loss.name()));
  }
  if (loss.is_formula()) return;
  saltus::validate(loss);
  std::visit(
      [](const auto& listed) {
        if constexpr (requires { listed.from_logits; }) {
          if (!listed.from_logits) return;
          throw InvalidArgument(fmt::format(
              "a sweep's networks end with a Softmax, so {} cannot be from_logits", listed.kName));
        }
      },
      loss.listed());
}

/// That tables can tell activations apart: of two formulas with one name the second is refused.
void require_names(const std::vector<Activation>& activations) {
  std::map<std::string, std::string> texts;
  for (const Activation& activation : activations) {
    const auto [place, is_new] = texts.emplace(activation.label(), activation.str());
    if (is_new || place->second == activation.str()) continue;
    throw InvalidArgument(fmt::format("two activations are called {}: {} and {}; rename one",
                                      activation.label(), place->second, activation.str()));
  }
}

void require_baseline(const SweepConfig& config) {
  if (!config.baseline || std::ranges::count(config.activations, *config.baseline) > 0) return;
  throw InvalidArgument(
      fmt::format("the baseline {} is none of the sweep's activations: add it to them",
                  config.baseline->label()));
}

/// That seeds can be added until something is known.
void check_until_decided(const SweepConfig& config, std::size_t settings) {
  if (!config.until_decided) return;
  const UntilDecided& rules = *config.until_decided;
  if (settings < 2) {
    throw InvalidArgument("which of one setting is best needs no sweep: name another activation");
  }
  if (!(rules.error > 0 && rules.error < 1)) {
    throw InvalidArgument(fmt::format(
        "the chance of an error is more than 0 and less than 1, as 0.05, not {}", rules.error));
  }
  if (rules.epsilon && !(*rules.epsilon > 0 && *rules.epsilon < 1)) {
    throw InvalidArgument(fmt::format(
        "the difference that counts as none is a share, more than 0 and less than 1, as 0.001, not "
        "{}",
        *rules.epsilon));
  }
  if (config.seeds < kFewestSeeds) {
    throw InvalidArgument(
        fmt::format("a sweep that runs until it is decided begins with {} seeds or more, not {}",
                    kFewestSeeds, config.seeds));
  }
  const std::size_t first = static_cast<std::size_t>(config.seeds) * settings;
  if (rules.max_trials > 0 && rules.max_trials < first) {
    throw InvalidArgument(fmt::format(
        "{} settings with {} seeds are {} trials, but at most {} may be: raise the limit, or begin "
        "with fewer seeds",
        settings, config.seeds, first, rules.max_trials));
  }
}

/// Before a list of them is made.
void require_few_trials(const SweepConfig& config) {
  auto trials = static_cast<std::size_t>(config.seeds);
  for (const std::size_t values :
       {config.activations.size(), config.initializers.size(), config.batch_norms.size(),
        config.optimizers.size(), config.learning_rates.size(), config.schedules.size(),
        config.ema_momenta.size(), config.clippings.size(), config.batch_sizes.size(),
        config.epochs.size(), config.dropouts.size()}) {
    trials = std::min(trials, kMostTrials + 1) * std::min(values, kMostTrials + 1);
  }
  if (trials > kMostTrials) {
    throw InvalidArgument(fmt::format(
        "a sweep has at most {} trials: ask for fewer seeds, activations or values", kMostTrials));
  }
}

void check_dropouts(const SweepConfig& config) {
  for (const std::optional<double>& rate : config.dropouts) {
    if (!rate) continue;
    if (!(*rate >= 0 && *rate < 1)) {
      throw InvalidArgument(
          fmt::format("a dropout rate is at least 0 and less than 1, as 0.5, not {}", *rate));
    }
    if (std::holds_alternative<architectures::Resnet>(config.architecture)) {
      throw InvalidArgument(
          "the network resnet has no dropout: leave the rates away, or choose another network");
    }
  }
}

/// Of the rows that are trained on, [rows][targets].
std::span<const float> targets_trained_on(const SweepConfig& config, const ImageDataset& data) {
  return std::get<std::span<const float>>(samples_of(config, data).train.targets);
}

std::vector<TrialSpec> trials_of(const SweepConfig& config, const ImageDataset& data,
                                 const std::vector<Setting>& settings) {
  const int seeds = config.until_decided ? most_seeds(config, settings.size()) : config.seeds;
  std::vector<TrialSpec> trials(settings.size() * static_cast<std::size_t>(seeds));
  std::set<std::string> ids;
  TrialDescriptions descriptions(config, data);
  for (std::size_t index = 0; index < settings.size(); ++index) {
    for (int repeat = 0; repeat < seeds; ++repeat) {
      const auto number = static_cast<std::size_t>(repeat);
      TrialSpec& trial = trials[number * settings.size() + index];
      trial.setting = index;
      trial.repeat = repeat;
      trial.seed = config.seed + number;
      trial.id = hash_of(descriptions.of(settings[index], trial.seed));
      if (!ids.insert(trial.id).second) {
        throw InvalidArgument(fmt::format(
            "{} is in the sweep twice with the same settings: name each activation and value once",
            settings[index].activation.label()));
      }
    }
  }
  return trials;
}

/// Lowers a setting's network and checks it against precision and device before anything runs.
std::shared_ptr<const train::Network> checked_network(const SweepConfig& config,
                                                      const ImageDataset& data,
                                                      const Setting& setting) {
  const std::int64_t batch_size = *std::ranges::max_element(config.batch_sizes);
  const train::Entry entry = entry_of(config, data, setting, config.seed);
  auto network = train::lower(entry.graph, config.loss, config.precision);
  train::Trainer::check(backend::select(config.device), *network, std::span(&entry, 1),
                        compile_options(config, data.task),
                        largest_batch(samples_of(config, data), batch_size));
  return network;
}

std::vector<std::shared_ptr<const train::Network>> networks_of(
    const SweepConfig& config, const ImageDataset& data, const std::vector<Setting>& settings) {
  // By batch_norm, whether there are dropouts, and the activation where it has weights: all else in
  // which settings differ leaves the structure alone.
  using Structure = std::tuple<bool, std::optional<bool>, std::string>;
  std::map<Structure, std::shared_ptr<const train::Network>> known;
  std::vector<std::shared_ptr<const train::Network>> networks;
  networks.reserve(settings.size());
  for (const Setting& setting : settings) {
    const Activation& activation = setting.activation;
    const auto drops = setting.dropout ? std::optional(*setting.dropout > 0) : std::nullopt;
    auto& network = known[{setting.batch_norm, drops,
                           activation.is_learned() ? activation.str() : std::string()}];
    if (network == nullptr) network = checked_network(config, data, setting);
    networks.push_back(network);
  }
  return networks;
}

}  // namespace

void validate(const SweepConfig& config) {
  require_some(config.activations, "activation");
  require_names(config.activations);
  require_baseline(config);
  require_some(config.initializers, "initializer");
  require_some(config.batch_norms, "choice of batch normalization");
  require_some(config.dropouts, "dropout rate");
  require_some(config.optimizers, "optimizer");
  require_some(config.learning_rates, "learning rate");
  require_some(config.schedules, "schedule");
  require_some(config.ema_momenta, "momentum of averages");
  require_some(config.clippings, "way of clipping");
  require_some(config.batch_sizes, "batch size");
  require_some(config.epochs, "number of epochs");
  require_positive(config.seeds, "the number of seeds");
  for (const std::int64_t size : config.batch_sizes) require_positive(size, "the batch size");
  for (const int epochs : config.epochs) {
    require_positive(epochs, "the number of epochs");
    require_at_most(epochs, kMostEpochs, "the number of epochs");
  }
  require_few_trials(config);
  if (config.train_limit) require_positive(*config.train_limit, "the limit of training images");
  if (config.test_limit) require_positive(*config.test_limit, "the limit of test images");
  if (!(config.validation_split >= 0 && config.validation_split < 1)) {
    throw InvalidArgument(fmt::format(
        "the validation split is a share of the training images, 0 to less than 1, not {}",
        config.validation_split));
  }
  check_dropouts(config);
  if (config.early_stopping) check_early_stopping(*config.early_stopping);
  check_threads(config.threads);
  check_loss(config.loss);
  for (const auto& initializer : config.initializers) {
    if (initializer) saltus::validate(*initializer);
  }
  const std::vector<Setting> settings = settings_of(config);
  saltus::validate(config.architecture);
  check_until_decided(config, settings.size());
  for (const Setting& setting : settings) saltus::validate(optimizer_of(setting));
  for (const LearningRateSchedule& schedule : config.schedules) saltus::validate(schedule);
  for (const double momentum : config.ema_momenta) train::check_ema_momentum(momentum);
  for (const Optimizer& optimizer : config.optimizers) {
    if (to_string(optimizer) == to_string(parse_optimizer(text_of(optimizer)))) continue;
    throw InvalidArgument(fmt::format(
        "{} has a learning rate or clipping, but those are lists of their own: leave them away",
        to_string(optimizer)));
  }
}

void validate(const SweepOptions& options) {
  if (options.side_by_side < 0 || options.side_by_side > kMostSideBySide) {
    throw InvalidArgument(fmt::format(
        "the number of trials side by side must be 1 to {}, or 0 for as many as the device is best "
        "at, not {}",
        kMostSideBySide, options.side_by_side));
  }
  if (options.trace_every < 0) {
    throw InvalidArgument(fmt::format("a trace has a point every {} steps, which must be 1 or more",
                                      options.trace_every));
  }
  if (options.folder.empty() &&
      (options.save != SavedModels::none || options.resume || options.trace_every > 0)) {
    throw InvalidArgument("models, states and traces of trials need a folder; name one");
  }
  if (!(options.save_interval >= 0)) {
    throw InvalidArgument(
        fmt::format("the state of a trial is saved after {} seconds, which must be 0 or more",
                    options.save_interval));
  }
}

void check_sweep(const SweepConfig& config, const ImageDataset& data) {
  validate(config);
  check_data(config, data);
}

std::optional<FeatureMoments> standardize_targets(const SweepConfig& config, ImageDataset& data) {
  if (data.task != Task::regression) return std::nullopt;
  FeatureMoments moments =
      moments_of(targets_trained_on(config, data), std::ssize(data.target_names));
  const std::vector<double> deviations = deviations_of(moments);
  for (ImageSet* set : {&data.train, &data.test}) {
    for (std::size_t i = 0; i < set->targets.size(); ++i) {
      const std::size_t column = i % deviations.size();
      set->targets[i] =
          static_cast<float>((double{set->targets[i]} - moments.mean[column]) / deviations[column]);
    }
  }
  return moments;
}

SweepPlan recorded_plan(SweepConfig config, ImageDataset data) {
  SweepPlan plan;
  plan.settings = settings_of(config);
  plan.trials = trials_of(config, data, plan.settings);
  plan.config = std::move(config);
  plan.data = std::make_shared<const ImageDataset>(std::move(data));
  return plan;
}

SweepPlan plan_sweep(SweepConfig config, ImageDataset data) try {
  check_sweep(config, data);
  std::optional<FeatureMoments> inputs;
  if (config.standardize) inputs = moments_of(samples_of(config, data).train, data.train.channels);
  std::optional<FeatureMoments> targets = standardize_targets(config, data);
  SweepPlan plan = recorded_plan(std::move(config), std::move(data));
  plan.input_moments = std::move(inputs);
  plan.target_moments = std::move(targets);
  plan.networks = networks_of(plan.config, *plan.data, plan.settings);
  return plan;
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
