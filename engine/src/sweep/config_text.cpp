// What a sweep's choices are called, and what is made of names.
#include <string>

#include <fmt/format.h>

#include <saltus/sweep.h>

#include "core/names.h"
#include "core/number.h"

namespace saltus {
namespace {

constexpr Named<Recipe> kRecipes[] = {
    {Recipe::tutorial, "tutorial"},
    {Recipe::matched, "matched"},
    {Recipe::critical, "critical"},
};

constexpr std::string_view kOwnDropout = "network";

constexpr Named<TrialStatus> kStatuses[] = {
    {TrialStatus::ok, "ok"},
    {TrialStatus::diverged, "diverged"},
    {TrialStatus::stopped, "stopped"},
};

constexpr Named<SavedModels> kSavedModels[] = {
    {SavedModels::none, "none"},
    {SavedModels::last, "last"},
    {SavedModels::best, "best"},
};

}  // namespace

std::string_view to_string(Recipe recipe) {
  return name_in(kRecipes, recipe);
}
Recipe parse_recipe(std::string_view name) {
  return parse_in(kRecipes, "recipe", name);
}

std::string text_of(const std::optional<Initializer>& initializer) {
  return initializer ? to_string(*initializer) : "recipe";
}
std::optional<Initializer> parse_initializer_or_recipe(std::string_view text) {
  if (text == text_of(std::nullopt)) return std::nullopt;
  return parse_initializer(text);
}

std::string dropout_text(const std::optional<double>& rate) {
  return rate ? fmt::format("{}", *rate) : std::string(kOwnDropout);
}
std::optional<double> parse_dropout(std::string_view text) {
  if (text == kOwnDropout) return std::nullopt;
  return parsed_number(text, "a dropout rate", "0.5");
}

std::string network_text(const SweepConfig& config) {
  const std::string recipe = fmt::format("{} recipe", to_string(config.recipe));
  const bool is_tutorial = std::holds_alternative<architectures::Tutorial>(config.architecture);
  return is_tutorial ? recipe : fmt::format("{}, {}", text_of(config.architecture), recipe);
}

std::string to_string(const Clipping& clipping) {
  if (clipping.clipvalue) return fmt::format("clipvalue={}", *clipping.clipvalue);
  if (clipping.clipnorm) return fmt::format("clipnorm={}", *clipping.clipnorm);
  if (clipping.global_clipnorm) return fmt::format("global_clipnorm={}", *clipping.global_clipnorm);
  return "none";
}

std::vector<std::string> setting_labels(const std::vector<Setting>& settings) {
  std::vector<std::string> labels;
  labels.reserve(settings.size());
  for (const Setting& setting : settings) labels.push_back(setting.activation.label());
  // Adds a value to all labels, unless it is the same everywhere.
  const auto add = [&](auto text_of) {
    const auto differs = [&](const Setting& s) { return text_of(s) != text_of(settings.front()); };
    if (std::none_of(settings.begin(), settings.end(), differs)) return;
    for (std::size_t i = 0; i < settings.size(); ++i) labels[i] += ", " + text_of(settings[i]);
  };
  add([](const Setting& s) { return text_of(s.initializer); });
  add([](const Setting& s) -> std::string {
    return s.batch_norm ? "batch norm" : "no batch norm";
  });
  add([](const Setting& s) {
    return s.dropout ? fmt::format("dropout {}", *s.dropout) : "the network's dropout";
  });
  add([](const Setting& s) { return text_of(s.optimizer); });
  add([](const Setting& s) { return fmt::format("lr {}", s.learning_rate); });
  add([](const Setting& s) { return text_of(s.schedule); });
  add([](const Setting& s) {
    return s.ema_momentum > 0 ? fmt::format("ema {}", s.ema_momentum) : "no ema";
  });
  add([](const Setting& s) {
    const std::string clipping = to_string(s.clipping);
    return clipping == "none" ? "no clipping" : clipping;
  });
  add([](const Setting& s) { return fmt::format("batch {}", s.batch_size); });
  add([](const Setting& s) { return fmt::format("{} epochs", s.epochs); });
  return labels;
}

std::vector<std::string> setting_labels(const SweepResult& result) {
  std::vector<Setting> settings;
  settings.reserve(result.settings.size());
  for (const SettingResult& setting : result.settings) settings.push_back(setting.setting);
  return setting_labels(settings);
}

std::string_view to_string(TrialStatus status) {
  return name_in(kStatuses, status);
}

TrialStatus parse_trial_status(std::string_view name) {
  return parse_in(kStatuses, "status of a trial", name);
}

std::string_view to_string(SavedModels models) {
  return name_in(kSavedModels, models);
}

SavedModels parse_saved_models(std::string_view name) {
  return parse_in(kSavedModels, "choice of models to save", name);
}

}  // namespace saltus
