#pragma once

#include <saltus/export.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/activation.h>
#include <saltus/architecture.h>
#include <saltus/callbacks.h>
#include <saltus/confusion.h>
#include <saltus/device.h>
#include <saltus/diagnostics.h>
#include <saltus/graph.h>
#include <saltus/history.h>
#include <saltus/image_set.h>
#include <saltus/libraries.h>
#include <saltus/loss.h>
#include <saltus/model.h>
#include <saltus/moments.h>
#include <saltus/optimizer.h>
#include <saltus/precision.h>
#include <saltus/schedule.h>
#include <saltus/score.h>
#include <saltus/statistics.h>
#include <saltus/verdict.h>

/// The activation sweep: the same network trained once for each activation, hyper-parameter setting
/// and seed, and what the results say.
namespace saltus {

namespace train {
struct Network;
}

/// A rule that gives each activation its initializer and dropout.
enum class Recipe : std::uint8_t {
  /// The tutorial's: glorot_uniform (lecun_normal in the first three weighted layers for selu), and
  /// AlphaDropout after every activation.
  tutorial,
  /// Each activation with the initializer and the kind of dropout that belong to it.
  matched,
  /// Each at its own critical point (theory.h): weights and biases drawn normally, with the
  /// variances that keep lengths and gradients through any number of layers; where there is none,
  /// weights that keep a length of 1. Dropout as matched.
  critical,
};

/// "tutorial", "matched" and "critical". Parsing throws InvalidArgument with the known names.
SALTUS_API std::string_view to_string(Recipe recipe);
SALTUS_API Recipe parse_recipe(std::string_view name);

/// The loss that belongs to a task: that which the comment at Task names.
SALTUS_API Loss usual_loss(Task task);

/// The text of an initializer, or "recipe" without one. Parsing throws as parse_initializer().
SALTUS_API std::string text_of(const std::optional<Initializer>& initializer);
SALTUS_API std::optional<Initializer> parse_initializer_or_recipe(std::string_view text);

/// The text of a dropout rate, or "network" without one: each has that of the architecture. Parsing
/// throws InvalidArgument for what is neither.
SALTUS_API std::string dropout_text(const std::optional<double>& rate);
SALTUS_API std::optional<double> parse_dropout(std::string_view text);

/// "patience=3:min_delta=0.01:restore_best_weights", in Keras's words: patience, min_delta,
/// monitor, restore_best_weights and start_from_epoch; what is not given has the library's default.
/// The other members cannot be said. Parsing throws InvalidArgument for what is unknown or makes no
/// sense.
SALTUS_API std::string text_of(const EarlyStoppingOptions& options);
SALTUS_API EarlyStoppingOptions parse_early_stopping(std::string_view text);

/// The six activations that the tutorial compares: sigmoid, relu, elu, leaky_relu, selu, gelu_tanh
/// (which it calls gelu).
SALTUS_API std::vector<Activation> tutorial_activations();

/// How large a sweep may be: its trials, all combinations and seeds counted; the epochs of one; the
/// trials that train side by side.
inline constexpr std::size_t kMostTrials = 100'000;
inline constexpr int kMostEpochs = 1'000'000;
inline constexpr int kMostSideBySide = 1024;

/// Everything that decides what a sweep does. The sweep runs all combinations of the lists.
/// The defaults are the tutorial's.
struct SweepConfig {
  std::vector<Activation> activations = tutorial_activations();
  /// One of them with which all others are compared, each setting with that of the same
  /// hyper-parameters. All are compared with the best in any case.
  std::optional<Activation> baseline = {};
  /// Initializers of the layers in front of an activation; none: what the recipe gives each
  /// activation.
  std::vector<std::optional<Initializer>> initializers = {std::nullopt};
  /// Whether a BatchNormalization stands in front of each activation.
  std::vector<bool> batch_norms = {false};
  /// Rates of all dropouts of the network; none: each has that of the architecture.
  std::vector<std::optional<double>> dropouts = {std::nullopt};
  /// Learning rates and clippings are lists of their own; those of the optimizers stay as usual.
  std::vector<Optimizer> optimizers = {Adam{}};
  std::vector<double> learning_rates = {1e-3};
  std::vector<LearningRateSchedule> schedules = {schedules::Constant{}};
  /// As CompileOptions::ema_momentum; 0: no averages.
  std::vector<double> ema_momenta = {0};
  std::vector<Clipping> clippings = {{.clipvalue = 0.5, .clipnorm = {}, .global_clipnorm = {}}};
  std::vector<std::int64_t> batch_sizes = {128};
  std::vector<int> epochs = {20};  ///< at most, with early_stopping
  /// Ends a trial before its last epoch when a figure has not improved for long enough. It looks at
  /// the images that rank: the test images, unless there is a validation_split.
  std::optional<EarlyStoppingOptions> early_stopping = {};
  int seeds = 1;           ///< repeats of each setting; repeat n has seed `seed` + n
  std::uint64_t seed = 0;  ///< of the first repeat
  Recipe recipe = Recipe::tutorial;
  Architecture architecture = architectures::Tutorial{};  ///< of all networks
  Loss loss = losses::BinaryCrossentropy{};
  Precision precision = Precision::fp32;
  Device device = Device::automatic;
  Libraries libraries = {};  ///< whose convolutions and dense products, on a GPU
  int threads = 0;           ///< of the CPU, up to 1024; 0: all cores. Results do not depend on it.
  std::optional<std::int64_t> train_limit;  ///< use the first images only
  std::optional<std::int64_t> test_limit;
  /// This share of the training images that are used, the last ones, is held back: figures with
  /// val_ are of them, settings are ranked by them, and the test images are looked at once, after
  /// a trial's last epoch. 0, as in the tutorial: val_ is the test images, and the ranking is
  /// chosen on them.
  double validation_split = 0;
  /// Whether a Normalization comes first, with the moments of each column or channel over the
  /// images that are trained on. The targets of a regression are standardised in any case while it
  /// trains; figures but the loss, and models that are kept, are in their unit.
  bool standardize = false;
  /// Adds seeds until it is known which setting is best: `seeds` of each at first, then more of
  /// those that may be.
  std::optional<UntilDecided> until_decided = {};
  /// Looks at every layer after each epoch, with some training images: what it finds is in the
  /// histories (layer_diagnostics()). Nothing else depends on it.
  bool diagnostics = true;
};

/// Throws InvalidArgument if a list is empty, a value makes no sense, or the sweep is too large;
/// data and device are not checked.
SALTUS_API void validate(const SweepConfig& config);

/// What a sweep trains, in words: "tutorial recipe", "mlp:depth=5, matched recipe".
SALTUS_API std::string network_text(const SweepConfig& config);

/// How many images a sweep uses; the data need not have their pixels.
struct ImageCounts {
  std::int64_t train = 0;
  std::int64_t validation = 0;  ///< held back of the training images; 0 without a validation_split
  std::int64_t test = 0;
};
SALTUS_API ImageCounts images_of(const SweepConfig& config, const ImageDataset& data);

/// "60,000 training and 10,000 test images", with those for validation where there are any.
SALTUS_API std::string images_text(const SweepConfig& config, const ImageDataset& data);

/// The values that trials share if they differ only in their seeds.
struct Setting {
  Activation activation;
  double learning_rate = 0;
  Clipping clipping = {};
  std::int64_t batch_size = 0;
  int epochs = 0;
  Optimizer optimizer = Adam{};                           ///< but for learning rate and clipping
  std::optional<Initializer> initializer = std::nullopt;  ///< none: what the recipe gives
  LearningRateSchedule schedule = schedules::Constant{};
  bool batch_norm = false;
  double ema_momentum = 0;
  std::optional<double> dropout = std::nullopt;  ///< none: what the architecture gives
};

/// The network that a setting trains on images {height, width, channels}. The recipe decides with
/// which initializer the layers in front of an activation start, unless the setting does, and which
/// kind of dropout there is. With `batch_norm` a BatchNormalization stands in front of each
/// activation, and the layer in front of that has no bias: the normalization would take it away
/// again. `outputs` are classes, labels or numbers, as the task says, from which the end of the
/// network follows: Task says which. Throws InvalidArgument if the images are too small.
SALTUS_API Graph network_of(const SweepConfig& config, const Setting& setting, const Shape& image,
                            std::int64_t outputs, Task task = Task::multi_class);

/// Short names that distinguish settings: the activation, and the values in which they differ
/// ("relu, lr 0.001").
SALTUS_API std::vector<std::string> setting_labels(const std::vector<Setting>& settings);

/// As few repeats of a setting as say something of chance.
inline constexpr int kFewestSeeds = 3;

/// "clipvalue=0.5", or "none".
SALTUS_API std::string to_string(const Clipping& clipping);

/// One training run.
struct TrialSpec {
  std::string id;           ///< a hash of all that decides its result: docs/sweep-output.md
  std::size_t setting = 0;  ///< index into SweepPlan::settings
  int repeat = 0;
  std::uint64_t seed = 0;
};

/// A sweep that can run: what was asked for, and what follows from it. Copies share data and
/// networks.
struct SweepPlan {
  SweepConfig config;
  std::shared_ptr<const ImageDataset> data;
  std::vector<Setting> settings;
  /// In the order in which they run: all settings with the first seed, then all with the second, so
  /// that a sweep that is stopped has compared like with like. With until_decided all that there
  /// may be, of which it runs some.
  std::vector<TrialSpec> trials;
  /// The network that the trials of each setting train, lowered, and checked against the device.
  /// Settings whose networks have one structure share it.
  std::vector<std::shared_ptr<const train::Network>> networks;
  /// Of the images that are trained on, where SweepConfig::standardize asks for it.
  std::optional<FeatureMoments> input_moments = {};
  /// Of a regression: those of the targets, with which they are standardised in `data`.
  std::optional<FeatureMoments> target_moments = {};

  const Setting& setting_of(const TrialSpec& trial) const { return settings[trial.setting]; }
  const std::shared_ptr<const train::Network>& network_of(const TrialSpec& trial) const {
    return networks[trial.setting];
  }
};

/// Lays out a sweep. Trials of one repeat share their seed across all settings, so their shuffles,
/// dropout masks and (scaled) initial draws are pairs. Throws InvalidArgument, DataError or
/// DeviceError if something cannot be run, before anything is; only the device's memory is not
/// asked yet.
SALTUS_API SweepPlan plan_sweep(SweepConfig config, ImageDataset data);

/// How a trial ended: all epochs done, or stopped early as the sweep asks; a number that was not
/// finite; interrupted.
enum class TrialStatus : std::uint8_t { ok, diverged, stopped };

/// "ok", "diverged", "stopped". Parsing throws InvalidArgument.
SALTUS_API std::string_view to_string(TrialStatus status);
SALTUS_API TrialStatus parse_trial_status(std::string_view name);

/// The result of a trial.
struct TrialResult {
  std::string id;
  std::uint64_t seed = 0;
  TrialStatus status = TrialStatus::stopped;
  std::optional<Divergence> divergence = {};
  /// The epochs that were finished: figures_of() the task, for classes loss, binary_accuracy and
  /// categorical_accuracy, the same with val_, clipped, learning_rate, seconds of the epoch, and
  /// images_per_second while training; with SweepConfig::diagnostics also those of every layer.
  History history = {};
  /// With a validation_split, of a trial that is ok: the loss and the task's figures of the test
  /// images after the last epoch.
  Logs test = {};
  /// Likewise, where there are classes, for each test image in its order: whether the largest
  /// output, the first of equal ones, was that of its class.
  std::vector<bool> correct = {};
  /// Of a trial that is ok, with the weights that it ended with: how often images that rank were
  /// put into each class. Empty where an earlier version trained it.
  Confusion confusion = {};
  /// The epoch, from 0, whose weights restore_best_weights gave back; none: it ended with those of
  /// its last epoch.
  std::optional<int> restored_epoch = {};
  double seconds = 0;  ///< of all of it
  std::string device;  ///< "cpu" or "cuda"

  /// The place in `history` of the epoch whose weights it ended with.
  std::size_t final_epoch() const {
    return restored_epoch ? static_cast<std::size_t>(*restored_epoch) : history.epoch.size() - 1;
  }
};

/// The figure of SweepResult::compared_by of a setting against that of another, over the seeds that
/// both have.
struct PairedComparison : Comparison {
  double p_holm = 1;  ///< p, corrected for the number of comparisons with that other
  /// 95 % for the difference on new images like the test images, where `interval` is for these
  /// images: chance has a part in the images as well as in the seeds. Where the test images had no
  /// part in the ranking.
  std::optional<Interval> new_images = {};
};

/// A setting, its trials and what they say together. Only trials with status ok count. Below three
/// of them, or three common seeds, there are no intervals and tests: chance would decide them.
struct SettingResult {
  Setting setting;
  std::vector<TrialResult> trials;            ///< by repeat; those not begun are missing
  TrialStatus status = TrialStatus::stopped;  ///< the worst of its trials; missing ones are stopped
  std::size_t ok = 0;                         ///< trials with status ok

  /// With the weights that trials ended with, figures_of() the task: val_categorical_accuracy,
  /// val_binary_accuracy, val_loss, or others; with a validation_split also those with test_.
  std::map<std::string, Summary> last = {};
  /// The epoch (from 1) with the best mean of the score, and that. A trial that
  /// stopped early counts in later epochs with what it ended with.
  int best_epoch = 0;
  double best = 0;
  Confusion confusion = {};  ///< the mean of its trials

  /// 1 for the best mean of the score after the last epoch; equal means share a
  /// rank; a setting with a diverged trial ranks behind all without. None without a trial to judge
  /// by.
  std::optional<int> rank = {};
  /// Against the setting of rank 1, and against that of the baseline. None for itself, below three
  /// common seeds, and without a baseline.
  std::optional<PairedComparison> to_best = {};
  std::optional<PairedComparison> to_baseline = {};
};

/// An activation at the hyper-parameters that suit it best.
struct ActivationResult {
  std::size_t setting = 0;  ///< index into SweepResult::settings: that of the best rank
  /// Against the first activation, corrected for the number of activations.
  std::optional<PairedComparison> to_best = {};
};

/// A sweep's results, as far as it came.
struct SweepResult {
  std::vector<SettingResult> settings;  ///< in the order of the plan
  bool complete = false;                ///< every trial is ok or diverged
  std::optional<Activation> baseline = {};
  /// With until_decided, once all settings have their first seeds: after the last round.
  std::optional<Verdict> verdict = {};
  Score score = {};  ///< score.val() ranks
  /// The figure by which settings are compared: score.val(), or score.test() where the test images
  /// had no part in the ranking.
  std::string compared_by = Score{}.val();
  /// By rank, where settings differ in more than their activations; activations without a rank are
  /// missing.
  std::vector<ActivationResult> activations = {};

  /// Whether the test images had no part in the ranking.
  bool has_test() const { return compared_by != score.val(); }
};

/// setting_labels() of its settings.
SALTUS_API std::vector<std::string> setting_labels(const SweepResult& result);

/// Statistics and ranking of trials, in any order. Trials that are not part of the plan are left
/// out; one that is ok but has a figure that is not finite counts as diverged. Throws
/// InvalidArgument if a trial that is ok lacks epochs.
SALTUS_API SweepResult summarize_sweep(const SweepPlan& plan, std::span<const TrialResult> trials);

/// 16 hexadecimal digits that stand for all that the trials came to, bit by bit: their ids, how
/// they ended, and every figure of every epoch, but nothing that a clock gave, no diagnostics, and
/// not the order of the trials. None unless the sweep is complete. docs/sweep-output.md says on
/// which machines the same sweep has the same.
SALTUS_API std::optional<std::string> results_digest(const SweepResult& result);

/// The model of a trial that is kept: none, that of its last epoch, or that of the epoch with the
/// best score (the first of equal ones).
enum class SavedModels : std::uint8_t { none, last, best };

/// "none", "last", "best". Parsing throws InvalidArgument.
SALTUS_API std::string_view to_string(SavedModels models);
SALTUS_API SavedModels parse_saved_models(std::string_view name);

/// How a sweep runs; nothing here changes a result.
struct SweepOptions {
  /// The callbacks of a trial, as for fit(), asked for when it begins, and again where the device
  /// had no room for all that were to train side by side. They should only look: what one changes
  /// is not in the trial's id. If the trial continues an earlier run, the history holds its epochs
  /// when on_train_begin() is called.
  std::function<std::vector<CallbackPtr>(const TrialSpec& trial)> callbacks = {};
  /// Called when a trial has ended. `all` are the results so far, this one and those of an earlier
  /// run included: save them here.
  std::function<void(const TrialSpec& trial, const TrialResult& result,
                     std::span<const TrialResult> all)>
      on_trial_end = {};
  /// Called after each round of a sweep that runs until it is decided; p_first and tau are not
  /// known yet.
  std::function<void(const Verdict& standings)> on_round_end = {};
  /// Results of an earlier run: those with status ok or diverged are taken over by their ids.
  std::span<const TrialResult> done = {};
  /// Ends the sweep once it is true, on a CPU within a fraction of a second, on a GPU after the
  /// epoch. The epochs that are finished are kept. What may set it: see FitOptions::interrupt.
  const std::atomic<bool>* interrupt = nullptr;
  /// Trials that train side by side, if they have network, batch size and epochs in common, and
  /// all of them averages of their weights or none; 0: as many as the device is best at. On a GPU
  /// its memory decides; on a CPU that is one: it has the caches for itself.
  int side_by_side = 0;
  /// The folder for files of trials, named by their ids: models/, and states/ of those in progress.
  /// Empty: no files.
  std::filesystem::path folder = {};
  SavedModels save = SavedModels::none;
  /// Continues trials whose state is in the folder, with the bits of trials that were never
  /// stopped; otherwise such states are removed.
  bool resume = false;
  /// Seconds after which the state of a trial in progress is saved at the latest (on a GPU at the
  /// end of the epoch); up to six times as often if a save is quick.
  double save_interval = 60;
  /// Keeps digests of each trial's weights every so many steps, counted in each epoch, and at its
  /// end, and its state after each epoch, in traces/ of the folder, for replay.h; 0: none. On a GPU
  /// each digest waits for the device and copies the weights.
  std::int64_t trace_every = 0;
};

/// Throws InvalidArgument if side_by_side is not 0 to kMostSideBySide, models or traces should be
/// kept without a folder, save_interval is negative or not a number, or trace_every is negative.
SALTUS_API void validate(const SweepOptions& options);

/// Runs a sweep. A trial that diverges is a result. Throws InvalidArgument, DeviceError, and what
/// callbacks throw.
SALTUS_API SweepResult run_sweep(const SweepPlan& plan, const SweepOptions& options = {});

/// Images a second that a sweep reaches here.
struct Throughput {
  double training = 0;
  double evaluation = 0;
};

/// Measures it on a second's work of the first setting. Throws what plan_sweep() throws.
SALTUS_API Throughput measure_throughput(const SweepConfig& config, const ImageDataset& data);

}  // namespace saltus
