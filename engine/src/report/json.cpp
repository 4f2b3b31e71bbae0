#include "report/json.h"

#include <cmath>

#include "core/text.h"

namespace saltus {

Json json_of(const Clipping& clipping) {
  Json json = Json::object();
  if (clipping.clipvalue) json["clipvalue"] = *clipping.clipvalue;
  if (clipping.clipnorm) json["clipnorm"] = *clipping.clipnorm;
  if (clipping.global_clipnorm) json["global_clipnorm"] = *clipping.global_clipnorm;
  return json;
}

Json json_of(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

double figure_of(const ReadJson& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

Json end_of(const TrialResult& trial) {
  Json json = {{"status", to_string(trial.status)},
               {"device", trial.device},
               {"seconds", trial.seconds},
               {"epochs", trial.history.epoch.size()}};
  if (trial.divergence) {
    json["divergence"] = {{"epoch", trial.divergence->epoch + 1},
                          {"step", trial.divergence->step},
                          {"tensor", trial.divergence->tensor}};
  }
  return json;
}

std::int64_t read_end(const ReadJson& json, TrialResult& trial) {
  trial.status = parse_trial_status(json.at("status").get<std::string>());
  json.at("device").get_to(trial.device);
  json.at("seconds").get_to(trial.seconds);
  const auto epochs = whole<std::int64_t>(json.at("epochs"));
  if (json.contains("divergence")) {
    const ReadJson& divergence = json.at("divergence");
    // Where it says no epoch: the one behind those that were finished.
    const std::int64_t epoch = divergence.contains("epoch")
                                   ? std::int64_t{whole<int>(divergence.at("epoch"))} - 1
                                   : epochs;
    trial.divergence = Divergence{.epoch = static_cast<int>(epoch),
                                  .step = whole<std::int64_t>(divergence.at("step")),
                                  .tensor = divergence.at("tensor").get<std::string>()};
  }
  return epochs;
}

ReadJson parse_json(std::string_view text, bool throws) {
  const ClassicLocale numbers;  // nlohmann's parser calls strtod
  return ReadJson::parse(text, nullptr, throws);
}

std::string text_of(const Json& json) {
  // A path need not be UTF-8; what is not is replaced.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void check_format(const ReadJson& json, std::string_view format) {
  if (json.at("format") != format || json.at("version") != kSchemaVersion) {
    throw InvalidArgument(fmt::format("it is not of format {} {}", format, kSchemaVersion));
  }
}

void understand(const std::string& where, const std::function<void()>& read) {
  try {
    read();
  } catch (const ReadJson::exception& error) {
    throw DataError(fmt::format("{} cannot be understood: {}", where, error.what()));
  } catch (const InvalidArgument& error) {
    throw DataError(fmt::format("{} cannot be understood: {}", where, error.what()));
  }
}

}  // namespace saltus
