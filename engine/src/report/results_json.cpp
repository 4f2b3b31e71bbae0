#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/text.h"
#include "report/json.h"

namespace saltus {
namespace {

constexpr std::string_view kFormat = "saltus-results";

/// JSON has no number that is not finite; it is written as null.
Json json_of(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json json_of(const Interval& interval) {
  return Json::array({json_of(interval.low), json_of(interval.high)});
}

Json json_of(const Summary& summary) {
  return {{"n", summary.count},
          {"mean", json_of(summary.mean)},
          {"sd", summary.count > 1 ? json_of(summary.sd) : Json(nullptr)},
          {"interval_95", summary.interval ? json_of(*summary.interval) : Json(nullptr)}};
}

Json json_of(const TrialResult& trial) {
  Json history = Json::object();
  for (const auto& [name, values] : trial.history.history) {
    Json list = Json::array();
    for (const double value : values) list.push_back(json_of(value));
    history[name] = std::move(list);
  }
  Json json = {{"id", trial.id},
               {"seed", trial.seed},
               {"status", to_string(trial.status)},
               {"device", trial.device},
               {"seconds", trial.seconds},
               {"epochs", trial.history.epoch.size()},
               {"history", std::move(history)}};
  if (trial.divergence) {
    json["divergence"] = {{"step", trial.divergence->step}, {"tensor", trial.divergence->tensor}};
  }
  return json;
}

Json parameters_of(const Activation& activation) {
  Json json = Json::object();
  const auto& parameters = activation.info().parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    json[std::string(parameters[i].name)] = shortest(activation.ref().parameters[i]);
  }
  return json;
}

Json json_of(const SettingResult& result) {
  const Setting& setting = result.setting;
  Json json = {{"activation", setting.activation.name()},
               {"parameters", parameters_of(setting.activation)},
               {"learning_rate", setting.learning_rate},
               {"clipping", saltus::json_of(setting.clipping)},
               {"batch_size", setting.batch_size},
               {"epochs", setting.epochs},
               {"status", to_string(result.status)},
               {"rank", result.rank ? Json(*result.rank) : Json(nullptr)},
               {"last", Json::object()},
               {"best_epoch", nullptr},
               {"to_best", nullptr}};
  for (const auto& [metric, summary] : result.last) json["last"][metric] = json_of(summary);
  if (result.ok > 0) {
    json["best_epoch"] = {{"epoch", result.best_epoch}, {kRankingMetric, json_of(result.best)}};
  }
  if (result.to_best) {
    const Comparison& comparison = *result.to_best;
    json["to_best"] = {{"n", std::lround(comparison.degrees_freedom) + 1},
                       {"difference", json_of(comparison.difference)},
                       {"interval_95", json_of(comparison.interval)},
                       {"t", json_of(comparison.t)},
                       {"p", json_of(comparison.p)},
                       {"p_holm", json_of(*result.p_holm)},
                       {"cohens_d", json_of(comparison.cohens_d)}};
  }
  json["trials"] = Json::array();
  for (const TrialResult& trial : result.trials) json["trials"].push_back(json_of(trial));
  return json;
}

TrialResult trial_of(const Json& json) {
  TrialResult trial;
  json.at("id").get_to(trial.id);
  json.at("seed").get_to(trial.seed);
  trial.status = parse_trial_status(json.at("status").get<std::string>());
  json.at("device").get_to(trial.device);
  json.at("seconds").get_to(trial.seconds);
  if (json.contains("divergence")) {
    const Json& divergence = json.at("divergence");
    trial.divergence = Divergence{.step = divergence.at("step").get<std::int64_t>(),
                                  .tensor = divergence.at("tensor").get<std::string>()};
  }
  const int epochs = json.at("epochs");
  for (int epoch = 0; epoch < epochs; ++epoch) trial.history.epoch.push_back(epoch);
  for (const auto& [name, values] : json.at("history").items()) {
    for (const Json& value : values) {
      trial.history.history[name].push_back(
          value.is_null() ? std::numeric_limits<double>::quiet_NaN() : value.get<double>());
    }
  }
  return trial;
}

}  // namespace

void write_results_json(const std::filesystem::path& file, const SweepResult& result) {
  Json settings = Json::array();
  for (const SettingResult& setting : result.settings) settings.push_back(json_of(setting));
  write_json(file, {{"format", kFormat},
                    {"version", kSchemaVersion},
                    {"complete", result.complete},
                    {"ranked_by", kRankingMetric},
                    {"settings", std::move(settings)}});
}

std::vector<TrialResult> read_results_json(const std::filesystem::path& file) {
  std::vector<TrialResult> trials;
  read_json(file, kFormat, [&](const Json& json) {
    for (const Json& setting : json.at("settings")) {
      for (const Json& trial : setting.at("trials")) trials.push_back(trial_of(trial));
    }
  });
  return trials;
}

}  // namespace saltus
