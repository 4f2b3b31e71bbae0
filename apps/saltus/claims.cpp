#include "claims.h"

#include <algorithm>
#include <map>
#include <optional>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/nearest.h>
#include <saltus/statistics.h>

namespace saltus::app {
namespace {

using initializers::Distribution;
using initializers::FanMode;
using initializers::VarianceScaling;

/// PyTorch's default and what Glorot and Bengio call the standard one: uniform in +-1/sqrt(fan in).
const Initializer& standard_initializer() {
  static const Initializer initializer = VarianceScaling{
      .scale = 1.0 / 3, .mode = FanMode::fan_in, .distribution = Distribution::uniform};
  return initializer;
}

std::vector<Activation> activations_of(std::initializer_list<const char*> texts) {
  std::vector<Activation> activations;
  for (const char* text : texts) activations.push_back(Activation::parse(text));
  return activations;
}

/// Without what the tutorial has and papers have not.
SweepConfig plain() {
  SweepConfig config;
  config.diagnostics = false;
  config.recipe = Recipe::matched;
  config.loss = losses::CategoricalCrossentropy{};
  config.clippings = {{}};
  return config;
}

SweepConfig elu_mnist() {
  SweepConfig config = plain();
  config.activations = activations_of({"relu", "leaky_relu:alpha=0.1", "elu"});
  config.architecture = architectures::Mlp{.depth = 8, .width = 128, .dropout = 0};
  config.initializers = {initializers::HeNormal{}};
  config.optimizers = {SGD{}};
  config.learning_rates = {0.01};
  config.batch_sizes = {64};
  config.epochs = {300};
  config.seeds = 10;
  return config;
}
constexpr Order kEluMnist[] = {{{"elu"}, {"relu"}}, {{"elu"}, {"leaky_relu:alpha=0.1"}}};

SweepConfig gelu_mnist() {
  SweepConfig config = plain();
  config.activations = activations_of({"relu", "elu", "gelu_tanh"});
  config.architecture = architectures::Mlp{.depth = 8, .width = 128, .dropout = 0};
  config.initializers = {VarianceScaling{.distribution = Distribution::untruncated_normal}};
  config.batch_sizes = {128};
  config.epochs = {50};
  config.seeds = 5;
  config.validation_split = 1.0 / 12;
  return config;
}
constexpr Order kGeluMnist[] = {{{"gelu_tanh"}, {"relu"}}, {{"gelu_tanh"}, {"elu"}}};

SweepConfig glorot_depth() {
  SweepConfig config = plain();
  config.activations = activations_of({"tanh"});
  config.architecture = architectures::Mlp{.depth = 5, .width = 1000, .dropout = 0};
  config.initializers = {standard_initializer(), initializers::GlorotUniform{}};
  config.optimizers = {SGD{}};
  config.learning_rates = {0.01};
  config.batch_sizes = {10};
  config.epochs = {833};  // 5 million updates
  config.seeds = 5;
  return config;
}
constexpr std::string_view kStandard = "standard";
constexpr Order kGlorotDepth[] = {{{"tanh", "glorot_uniform"}, {"tanh", kStandard}}};

SweepConfig snn_mlp() {
  SweepConfig config = plain();
  config.activations = activations_of({"relu", "selu"});
  config.architecture = architectures::Mlp{.depth = 2, .width = 512, .dropout = 0.05};
  config.initializers = {standard_initializer(),
                         VarianceScaling{.distribution = Distribution::untruncated_normal}};
  config.optimizers = {SGD{}};
  config.learning_rates = {1e-3};
  config.epochs = {20};
  config.seeds = 5;
  config.validation_split = 1.0 / 6;
  return config;
}
constexpr std::string_view kLecun = "variance_scaling:distribution=untruncated_normal";
constexpr Order kSnnMlp[] = {{{"selu", kLecun}, {"relu", kStandard}}};

constexpr Claim kClaims[] = {
    {.name = "elu-mnist",
     .says = "with ELU the training loss of eight layers falls faster than with ReLU or leaky ReLU",
     .source = "Clevert, Unterthiner and Hochreiter 2016, arXiv 1511.07289, section 4.1",
     .published = "curves only: the training error of ELU is lowest at all times",
     .differs = "ten runs that are paired by their seeds, as the paper has them for CIFAR-100",
     .data = "mnist",
     .figure = "loss",
     .rises = false,
     .orders = kEluMnist,
     .published_size = elu_mnist,
     .make_small =
         [](SweepConfig& config) {
           config.epochs = {5};
           config.test_limit = 1000;  // they have no part in the claim
         }},
    {.name = "gelu-mnist",
     .says = "with GELU the training loss of eight layers is lower than with ReLU or ELU",
     .source = "Hendrycks and Gimpel 2016, arXiv 1606.08415, section 3.1",
     .published = "curves only: median of five runs, GELU has the lowest training log loss",
     .differs =
         "learning rate 0.001 alone, where the paper tunes it; Gaussian weights of variance 1 / "
         "fan in, where the paper's columns have norm 1; means of runs, not medians; no dropout",
     .data = "mnist",
     .figure = "loss",
     .rises = false,
     .orders = kGeluMnist,
     .published_size = gelu_mnist,
     .make_small =
         [](SweepConfig& config) {
           config.epochs = {10};
           config.test_limit = 1000;
         }},
    {.name = "glorot-depth",
     .says = "five layers of tanh end with a lower test error from normalized initial weights than "
             "from standard ones",
     .source = "Glorot and Bengio 2010, AISTATS, table 1",
     .published = "test error on MNIST 1.64 % from normalized, 1.76 % from standard weights",
     .differs =
         "learning rate 0.01, where the paper tunes it; the output layer starts normalized in both",
     .data = "mnist",
     .figure = "val_categorical_accuracy",
     .rises = true,
     .orders = kGlorotDepth,
     .published_size = glorot_depth,
     .make_small =
         [](SweepConfig& config) {
           config.epochs = {2};
           config.train_limit = 10'000;
         }},
    {.name = "snn-mlp",
     .says =
         "SELU, with its weights and AlphaDropout, has a higher accuracy than ReLU with PyTorch's "
         "weights and dropout",
     .source = "Klambauer et al. 2017, github.com/bioinf-jku/SNNs, MLP on MNIST in PyTorch",
     .published = "test accuracy after 20 epochs 92.04 % with SELU, 90.76 % with ReLU, one run",
     .differs =
         "two layers of 512, where theirs are 512 and 256; pixels are divided by 255, and not "
         "standardized; the last epoch is tested, where they test the one that validated best",
     .data = "mnist",
     .figure = "test_categorical_accuracy",
     .rises = true,
     .orders = kSnnMlp,
     .published_size = snn_mlp,
     .make_small =
         [](SweepConfig& config) {
           config.epochs = {10};
           config.seeds = 3;
         }},
};

/// What begins the names of figures that are measured once.
constexpr std::string_view kTest = "test_";

bool is_side(const Side& side, const Setting& setting) {
  const std::string initializer = saltus::text_of(setting.initializer);
  const bool standard = setting.initializer && *setting.initializer == standard_initializer();
  return setting.activation == Activation::parse(side.activation) &&
         (side.initializer.empty() || side.initializer == initializer ||
          (side.initializer == kStandard && standard));
}

/// The figure of each seed whose trial ended well.
std::map<std::uint64_t, double> values_of(const Claim& claim, const Side& side,
                                          const SweepResult& result) {
  std::map<std::uint64_t, double> values;
  for (const SettingResult& setting : result.settings) {
    if (!is_side(side, setting.setting)) continue;
    for (const TrialResult& trial : setting.trials) {
      if (trial.status != TrialStatus::ok) continue;
      values[trial.seed] =
          claim.figure.starts_with(kTest)
              ? trial.test.at(std::string(claim.figure.substr(kTest.size())))
              : trial.history.at(std::string(claim.figure)).at(trial.final_epoch());
    }
  }
  return values;
}

/// The better side minus the worse one, over the seeds that both have; none below three.
std::optional<Comparison> compared(const Claim& claim, const Order& order,
                                   const SweepResult& result) {
  const auto better = values_of(claim, order.better, result);
  const auto worse = values_of(claim, order.worse, result);
  std::vector<double> ours;
  std::vector<double> theirs;
  for (const auto& [seed, value] : better) {
    const auto other = worse.find(seed);
    if (other == worse.end()) continue;
    ours.push_back(value);
    theirs.push_back(other->second);
  }
  if (std::cmp_less(ours.size(), kFewestSeeds)) return std::nullopt;
  return compare_paired(ours, theirs);
}

std::string text_of(const Side& side) {
  std::string text{side.activation};
  if (!side.initializer.empty()) text += fmt::format(" ({})", side.initializer);
  return text;
}

/// Accuracies in percentage points.
std::string text_of(const Claim& claim, const Order& order, const Comparison& to) {
  const bool share = claim.figure.ends_with("accuracy");
  const double scale = share ? 100 : 1;
  return fmt::format("{} minus {}: {:+.{}f}{} ({:+.{}f} to {:+.{}f})", text_of(order.better),
                     text_of(order.worse), scale * to.difference, share ? 2 : 4,
                     share ? " points" : "", scale * to.interval.low, share ? 2 : 4,
                     scale * to.interval.high, share ? 2 : 4);
}

}  // namespace

std::span<const Claim> claims() {
  return kClaims;
}

const Claim& claim_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Claim& claim : kClaims) {
    if (claim.name == name) return claim;
    names.push_back(claim.name);
  }
  throw InvalidArgument(fmt::format("unknown claim '{}'{}", name, suggestion(name, names)));
}

std::int64_t images_trained(const SweepConfig& config, std::int64_t training_images) {
  const auto limited =
      static_cast<double>(std::min(training_images, config.train_limit.value_or(training_images)));
  const auto images = static_cast<std::int64_t>(limited * (1 - config.validation_split));
  const auto settings =
      static_cast<std::int64_t>(config.activations.size() * config.initializers.size());
  return settings * config.seeds * config.epochs.front() * images;
}

std::string outcome(const Claim& claim, const SweepResult& result) {
  std::vector<std::string> texts;
  std::vector<double> p;
  std::vector<bool> as_claimed;
  for (const Order& order : claim.orders) {
    const auto comparison = compared(claim, order, result);
    if (!comparison) {
      return fmt::format("undecided: {} and {} have fewer than {} common seeds that ended well",
                         text_of(order.better), text_of(order.worse), kFewestSeeds);
    }
    texts.push_back(text_of(claim, order, *comparison));
    p.push_back(comparison->p);
    as_claimed.push_back((comparison->difference > 0) == claim.rises);
  }
  const std::vector<double> corrected = holm(p);
  bool all = true;
  bool reversed = false;
  for (std::size_t i = 0; i < corrected.size(); ++i) {
    const bool seen = corrected[i] < 0.05;
    all = all && seen && as_claimed[i];
    reversed = reversed || (seen && !as_claimed[i]);
  }
  return fmt::format("{}: {} after the last epoch, {}, with 95 % intervals over the seeds",
                     all        ? "reproduced"
                     : reversed ? "not reproduced"
                                : "undecided",
                     claim.figure, fmt::join(texts, "; "));
}

}  // namespace saltus::app
