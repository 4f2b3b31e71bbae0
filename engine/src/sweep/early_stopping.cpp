#include "sweep/early_stopping.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/nearest.h>
#include <saltus/sweep.h>

#include "core/number.h"

namespace saltus {
namespace {

constexpr std::string_view kFigures[] = {"val_loss",
                                         "val_categorical_accuracy",
                                         "val_binary_accuracy",
                                         "val_root_mean_squared_error",
                                         "val_mean_absolute_error",
                                         "loss",
                                         "categorical_accuracy",
                                         "binary_accuracy",
                                         "root_mean_squared_error",
                                         "mean_absolute_error"};

constexpr std::string_view kNames[] = {"patience", "min_delta", "monitor", "restore_best_weights",
                                       "start_from_epoch"};

int epochs_of(std::string_view name, std::string_view text) {
  const double value = parsed_number(text, name, "3");
  if (value == std::floor(value) && value >= 0 && value <= kMostEpochs)
    return static_cast<int>(value);
  throw InvalidArgument(fmt::format("{} of early stopping is a number of epochs, 0 to {}, not {}",
                                    name, kMostEpochs, text));
}

bool flag(std::string_view name, std::string_view text) {
  if (text == "true" || text == "false") return text == "true";
  throw InvalidArgument(fmt::format("{} of early stopping is true or false, not '{}'", name, text));
}

void set(EarlyStoppingOptions& options, std::string_view name, std::string_view text) {
  if (name == "patience") {
    options.patience = epochs_of(name, text);
  } else if (name == "min_delta") {
    options.min_delta = parsed_number(text, name, "0.001");
  } else if (name == "monitor") {
    options.monitor = text;
  } else if (name == "restore_best_weights") {
    options.restore_best_weights = flag(name, text);
  } else if (name == "start_from_epoch") {
    options.start_from_epoch = epochs_of(name, text);
  } else {
    throw InvalidArgument(
        fmt::format("early stopping has no parameter '{}'{}", name, suggestion(name, kNames)));
  }
}

}  // namespace

void check_early_stopping(const EarlyStoppingOptions& options) {
  if (options.patience < 0 || options.start_from_epoch < 0) {
    throw InvalidArgument("patience and start_from_epoch of early stopping are 0 or more");
  }
  if (!(options.min_delta >= 0 && std::isfinite(options.min_delta))) {
    throw InvalidArgument(
        fmt::format("min_delta of early stopping is finite and not negative, as 0.001, not {}",
                    options.min_delta));
  }
  if (std::ranges::count(kFigures, options.monitor) == 0) {
    throw InvalidArgument(fmt::format("early stopping watches {}, not '{}'",
                                      fmt::join(kFigures, ", "), options.monitor));
  }
  if (options.direction != Direction::automatic || options.baseline) {
    throw InvalidArgument("early stopping of a sweep has neither a direction nor a baseline");
  }
}

std::string text_of(const EarlyStoppingOptions& options) {
  const EarlyStoppingOptions usual;
  std::string text = fmt::format("patience={}", options.patience);
  if (options.min_delta != usual.min_delta) text += fmt::format(":min_delta={}", options.min_delta);
  if (options.monitor != usual.monitor) text += ":monitor=" + options.monitor;
  if (options.restore_best_weights) text += ":restore_best_weights";
  if (options.start_from_epoch != usual.start_from_epoch)
    text += fmt::format(":start_from_epoch={}", options.start_from_epoch);
  return text;
}

EarlyStoppingOptions parse_early_stopping(std::string_view text) {
  EarlyStoppingOptions options;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(':', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    const std::size_t equals = part.find('=');
    const bool bare = equals == std::string_view::npos;
    if (bare && part != "restore_best_weights") {
      throw InvalidArgument(fmt::format(
          "'{}' in '{}' is not of the form parameter=value, as in patience=3:min_delta=0.001", part,
          text));
    }
    set(options, part.substr(0, equals), bare ? "true" : part.substr(equals + 1));
    begin = end + 1;
  }
  check_early_stopping(options);
  return options;
}

}  // namespace saltus
