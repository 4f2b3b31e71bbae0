#include "report/json.h"

namespace saltus {

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
    // If it names no epoch, the one after those that were finished.
    const std::int64_t epoch = divergence.contains("epoch")
                                   ? std::int64_t{whole<int>(divergence.at("epoch"))} - 1
                                   : epochs;
    trial.divergence = Divergence{.epoch = static_cast<int>(epoch),
                                  .step = whole<std::int64_t>(divergence.at("step")),
                                  .tensor = divergence.at("tensor").get<std::string>()};
  }
  return epochs;
}

}  // namespace saltus
