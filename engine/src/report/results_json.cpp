#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include <saltus/report.h>

#include "core/boundary.h"
#include "core/file.h"
#include "core/text.h"
#include "report/json.h"
#include "report/sweep_texts.h"

namespace saltus {
namespace {

constexpr std::string_view kResultsFormat = "saltus-results";

using saltus::json_of;

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
  Json json = {{"id", trial.id}, {"seed", trial.seed}};
  json.update(end_of(trial));
  json["history"] = std::move(history);
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

/// What belongs to a layer, and what to each of its channels.
Json learned_of(const Activation& activation) {
  Json json = Json::object();
  const auto& parameters = activation.info().parameters;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Learned learned = activation.learned(i);
    if (learned == Learned::no) continue;
    json[std::string(parameters[i].name)] = learned == Learned::layer ? "layer" : "channel";
  }
  return json;
}

Json json_of(const std::optional<PairedComparison>& comparison) {
  if (!comparison) return nullptr;
  Json json = {{"n", std::lround(comparison->degrees_freedom) + 1},
               {"difference", json_of(comparison->difference)},
               {"interval_95", json_of(comparison->interval)},
               {"t", json_of(comparison->t)},
               {"p", json_of(comparison->p)},
               {"p_holm", json_of(comparison->p_holm)},
               {"cohens_d", json_of(comparison->cohens_d)}};
  if (comparison->new_images) json["interval_95_new_images"] = json_of(*comparison->new_images);
  return json;
}

Json json_of(const SettingResult& result, const Score& score) {
  const Setting& setting = result.setting;
  Json json = {{"activation", setting.activation.name()},
               {"parameters", parameters_of(setting.activation)},
               {"initializer", text_of(setting.initializer)},
               {"batch_norm", setting.batch_norm},
               {"dropout", setting.dropout ? Json(*setting.dropout) : Json(nullptr)},
               {"optimizer", text_of(setting.optimizer)},
               {"learning_rate", setting.learning_rate},
               {"schedule", saltus::text_of(setting.schedule)},
               {"ema_momentum", setting.ema_momentum},
               {"clipping", json_of(setting.clipping)},
               {"batch_size", setting.batch_size},
               {"epochs", setting.epochs},
               {"status", to_string(result.status)},
               {"rank", result.rank ? Json(*result.rank) : Json(nullptr)},
               {"last", Json::object()},
               {"best_epoch", nullptr},
               {"to_best", json_of(result.to_best)},
               {"to_baseline", json_of(result.to_baseline)}};
  if (setting.activation.is_formula()) json["formula"] = setting.activation.str();
  if (setting.activation.is_learned()) json["learned"] = learned_of(setting.activation);
  for (const auto& [metric, summary] : result.last) json["last"][metric] = json_of(summary);
  if (result.ok > 0) {
    json["best_epoch"] = {{"epoch", result.best_epoch}, {score.val(), json_of(result.best)}};
  }
  if (!result.confusion.empty()) json["confusion"] = json_of(result.confusion);
  json["trials"] = Json::array();
  for (const TrialResult& trial : result.trials) json["trials"].push_back(json_of(trial));
  return json;
}

Json json_of(const std::optional<Verdict>& verdict) {
  if (!verdict) return nullptr;
  Json settings = Json::array();
  for (const VerdictEntry& entry : verdict->settings) {
    settings.push_back({{"standing", to_string(entry.standing)},
                        {"difference", json_of(entry.difference)},
                        {"interval", entry.interval ? json_of(*entry.interval) : Json(nullptr)},
                        {"p_first", json_of(entry.p_first)}});
  }
  const auto number = [](const auto& value) { return value ? Json(*value) : Json(nullptr); };
  return {{"decided", verdict->decided},
          {"leader", number(verdict->leader)},
          {"error", verdict->error},
          {"epsilon", verdict->epsilon},
          {"trials", verdict->trials},
          {"kendall_tau", number(verdict->tau)},
          {"seeds_missing", number(verdict->seeds_missing)},
          {"settings", std::move(settings)}};
}

TrialResult trial_of(const ReadJson& json) {
  TrialResult trial;
  json.at("id").get_to(trial.id);
  trial.seed = whole<std::uint64_t>(json.at("seed"));
  const std::int64_t epochs = read_end(json, trial);
  for (const auto& [name, values] : json.at("history").get_ref<const ReadJson::object_t&>()) {
    const auto& list = values.get_ref<const ReadJson::array_t&>();
    if (!std::cmp_equal(list.size(), epochs)) {
      throw InvalidArgument(fmt::format("trial {} has {} values of {} in {} epochs", trial.id,
                                        list.size(), name, epochs));
    }
    for (const ReadJson& value : list) {
      trial.history.history[name].push_back(figure_of(value));
    }
  }
  if (trial.history.history.empty() && epochs != 0) {
    throw InvalidArgument(fmt::format("trial {} has {} epochs without figures", trial.id, epochs));
  }
  for (int epoch = 0; epoch < epochs; ++epoch) trial.history.epoch.push_back(epoch);
  return trial;
}

}  // namespace

void write_results_json(const std::filesystem::path& file, const SweepResult& result) try {
  const std::optional<std::string> digest = results_digest(result);
  Json settings = Json::array();
  for (const SettingResult& setting : result.settings)
    settings.push_back(json_of(setting, result.score));
  Json activations = Json::array();
  for (const ActivationResult& one : result.activations) {
    activations.push_back({{"setting", one.setting}, {"to_best", json_of(one.to_best)}});
  }
  write_file_atomic(file, text_of({{"format", kResultsFormat},
                                   {"version", kSchemaVersion},
                                   {"complete", result.complete},
                                   {"digest", digest ? Json(*digest) : Json(nullptr)},
                                   {"ranked_by", result.score.val()},
                                   {"compared_by", result.compared_by},
                                   {"activations", std::move(activations)},
                                   {"verdict", json_of(result.verdict)},
                                   {"settings", std::move(settings)}}));
} catch (...) {
  throw_as_promised();
}

std::vector<TrialResult> parse_results_json(std::string_view text, const std::string& name) {
  std::vector<TrialResult> trials;
  understand(name, [&] {
    const ReadJson json = parse_json(text);
    check_format(json, kResultsFormat, kSchemaVersion);
    for (const ReadJson& setting : json.at("settings").get_ref<const ReadJson::array_t&>()) {
      for (const ReadJson& trial : setting.at("trials").get_ref<const ReadJson::array_t&>()) {
        trials.push_back(trial_of(trial));
      }
    }
  });
  return trials;
}

std::vector<TrialResult> read_results_json(const std::filesystem::path& file) try {
  return parse_results_json(read_file(file, kMaxFileBytes), file.string());
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
