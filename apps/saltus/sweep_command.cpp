#include "sweep_command.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>

#include "data_choice.h"
#include "lists.h"
#include "recorded.h"

namespace saltus::app {
namespace {

/// A list as it is typed.
template <class Values, class Text>
std::string typed(const Values& values, Text text) {
  std::vector<std::string> texts;
  for (const auto& value : values) texts.push_back(text(value));
  return fmt::format("{}", fmt::join(texts, ","));
}

/// The option of a kind of clipping, and its list; none where one cannot say it.
std::optional<std::pair<std::string, std::string>> clipping_option(
    const std::vector<Clipping>& clippings) {
  constexpr std::pair<const char*, std::optional<double> Clipping::*> kKinds[] = {
      {"--clipvalue", &Clipping::clipvalue},
      {"--clipnorm", &Clipping::clipnorm},
      {"--global-clipnorm", &Clipping::global_clipnorm}};
  for (const auto& [option, kind] : kKinds) {
    const auto is_of_kind = [kind = kind](const Clipping& one) {
      return (one.*kind).has_value() || to_string(one) == "none";
    };
    if (!std::ranges::all_of(clippings, is_of_kind)) continue;
    return std::pair(std::string(option), typed(clippings, [kind = kind](const Clipping& one) {
                       return one.*kind ? fmt::format("{}", *(one.*kind)) : std::string("none");
                     }));
  }
  return std::nullopt;
}

/// Whether what can be typed stands for each of them.
bool can_be_typed(const std::vector<Activation>& activations) {
  try {
    return parse_activations("--activations", list_of(activations)) == activations;
  } catch (const InvalidArgument&) {
    return false;
  }
}

}  // namespace

std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) {
    if (c == '\'') {
      text += "'\\''";
    } else {
      text += c;
    }
  }
  return text + "'";
}

std::string sweep_command(const SweepConfig& config, const ImageDataset& data) {
  const auto clipping = clipping_option(config.clippings);
  if (!clipping || !can_be_typed(config.activations)) return {};
  const SweepConfig defaults;
  std::string command = "saltus sweep";
  const auto add = [&](std::string_view option, const std::string& value) {
    command += fmt::format(" {} {}", option, quoted(value));
  };
  const auto add_list = [&](std::string_view option, const auto& values, const auto& usual,
                            auto text) {
    if (typed(values, text) != typed(usual, text)) add(option, typed(values, text));
  };
  const auto number = [](const auto& value) { return fmt::format("{}", value); };
  const auto text = [](const auto& value) { return text_of(value); };
  const std::string known = known_name_of(data);
  if (known.empty() && !data.source.empty()) {
    add("--data", data.source);
    if (!data.target.empty()) add("--target", data.target);
    if (!data.test_source.empty()) add("--test", data.test_source);
    if (!data.target.empty()) add("--task", std::string(task_option(data.task)));
  } else {
    add("--data", known.empty() ? data.name : known);
  }
  const bool is_table = !data.target.empty();
  if (config.standardize != is_table)
    command += config.standardize ? " --standardize" : " --no-standardize";
  add("--activations", list_of(config.activations));
  if (config.baseline) add("--baseline", config.baseline->str());
  add_list("--epochs", config.epochs, defaults.epochs, number);
  if (config.early_stopping) add("--early-stopping", text_of(*config.early_stopping));
  add_list("--batch-size", config.batch_sizes, defaults.batch_sizes, number);
  add_list("--initializer", config.initializers, defaults.initializers, text);
  add_list("--batch-norm", config.batch_norms, defaults.batch_norms,
           [](bool value) { return std::string(value ? "yes" : "no"); });
  add_list("--dropout", config.dropouts, defaults.dropouts, dropout_text);
  add_list("--optimizer", config.optimizers, defaults.optimizers, text);
  add_list("--learning-rate", config.learning_rates, defaults.learning_rates, number);
  add_list("--schedule", config.schedules, defaults.schedules, text);
  add_list("--ema-momentum", config.ema_momenta, defaults.ema_momenta,
           [](double value) { return value > 0 ? fmt::format("{}", value) : std::string("none"); });
  if (*clipping != clipping_option(defaults.clippings)) add(clipping->first, clipping->second);
  const auto add_number = [&](std::string_view option, auto value, auto usual) {
    if (value != usual) add(option, fmt::format("{}", value));
  };
  const auto add_rules = [&](const UntilDecided& rules) {
    command += " --until-decided";
    add_number("--error", rules.error, UntilDecided{}.error);
    if (rules.epsilon) add("--epsilon", fmt::format("{}", *rules.epsilon));
    add_number("--max-trials", rules.max_trials, UntilDecided{}.max_trials);
  };
  add_number("--seeds", config.seeds, defaults.seeds);
  if (config.until_decided) add_rules(*config.until_decided);
  add_number("--seed", config.seed, defaults.seed);
  add_number("--network", text_of(config.architecture), text_of(defaults.architecture));
  add_number("--recipe", to_string(config.recipe), to_string(defaults.recipe));
  add_number("--loss", to_string(config.loss),
             to_string(is_table ? usual_loss(data.task) : defaults.loss));
  if (config.train_limit) add("--train-limit", fmt::format("{}", *config.train_limit));
  if (config.test_limit) add("--test-limit", fmt::format("{}", *config.test_limit));
  add_number("--validation-split", config.validation_split, defaults.validation_split);
  add("--device", std::string(to_string(config.device)));
  add("--precision", std::string(to_string(config.precision)));
  add_number("--gemm", to_string(config.libraries.gemm), to_string(defaults.libraries.gemm));
  add_number("--conv", to_string(config.libraries.conv), to_string(defaults.libraries.conv));
  if (!config.diagnostics) command += " --no-diagnostics";
  return command;
}

}  // namespace saltus::app
