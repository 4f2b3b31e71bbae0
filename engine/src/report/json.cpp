#include "report/json.h"

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/number.h"

namespace saltus {

namespace {

/// Four bits a digit, the first the highest; the last digit is filled up with zeros.
std::string hex_of(const std::vector<bool>& bits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (std::size_t i = 0; i < bits.size(); i += 4) {
    unsigned digit = 0;
    for (std::size_t j = i; j < i + 4; ++j)
      digit = digit * 2 + (j < bits.size() && bits[j] ? 1 : 0);
    hex += kDigits[digit];
  }
  return hex;
}

std::vector<bool> bits_of(const std::string& hex, std::int64_t count) {
  if (count < 0 || !std::cmp_equal(hex.size(), (count + 3) / 4)) {
    throw InvalidArgument(
        fmt::format("{} hexadecimal digits are not {} test images", hex.size(), count));
  }
  std::vector<bool> bits;
  for (const char digit : hex) {
    const std::size_t value = std::string_view("0123456789abcdef").find(digit);
    if (value == std::string_view::npos)
      throw InvalidArgument(fmt::format("'{}' is no hexadecimal digit", digit));
    for (unsigned shift = 4; shift-- > 0 && std::cmp_less(bits.size(), count);)
      bits.push_back((value >> shift & 1U) != 0);
  }
  return bits;
}

/// As json_of() has it: a square of numbers.
Confusion confusion_of(const ReadJson& json) {
  Confusion confusion;
  for (const ReadJson& row : json.get_ref<const ReadJson::array_t&>()) {
    std::string_view text = row.get_ref<const std::string&>();
    while (!text.empty()) {
      const std::size_t end = std::min(text.find(' '), text.size());
      const double count = parsed_number(text.substr(0, end), "a number of images", "3");
      if (!(count >= 0 && std::isfinite(count)))
        throw InvalidArgument(fmt::format("{} is no number of images", count));
      confusion.counts.push_back(count);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    ++confusion.classes;
  }
  if (confusion.counts.size() != confusion.classes * confusion.classes) {
    throw InvalidArgument(fmt::format("a confusion matrix has {} rows and {} numbers",
                                      confusion.classes, confusion.counts.size()));
  }
  return confusion;
}

}  // namespace

Json json_of(const Confusion& confusion) {
  Json rows = Json::array();
  for (std::size_t label = 0; label < confusion.classes; ++label) {
    rows.push_back(fmt::format(
        "{}",
        fmt::join(std::span(confusion.counts).subspan(label * confusion.classes, confusion.classes),
                  " ")));
  }
  return rows;
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
  for (const auto& [name, value] : trial.test) json["test"][name] = json_of(value);
  if (!trial.correct.empty()) {
    json["correct"] = {{"images", trial.correct.size()}, {"bits", hex_of(trial.correct)}};
  }
  if (!trial.confusion.empty()) json["confusion"] = json_of(trial.confusion);
  if (trial.restored_epoch) json["restored_epoch"] = *trial.restored_epoch + 1;
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
  if (json.contains("correct")) {
    const ReadJson& correct = json.at("correct");
    trial.correct = bits_of(correct.at("bits").get_ref<const std::string&>(),
                            whole<std::int64_t>(correct.at("images")));
  }
  if (const auto confusion = json.find("confusion"); confusion != json.end())
    trial.confusion = confusion_of(*confusion);
  if (const auto restored = json.find("restored_epoch"); restored != json.end()) {
    const auto epoch = whole<int>(*restored);
    if (epoch < 1 || epoch > epochs) {
      throw InvalidArgument(
          fmt::format("the weights of epoch {} were given back after {}", epoch, epochs));
    }
    trial.restored_epoch = epoch - 1;
  }
  if (json.contains("test")) {
    for (const auto& [name, value] : json.at("test").get_ref<const ReadJson::object_t&>()) {
      trial.test[name] = figure_of(value);
    }
  }
  return epochs;
}

}  // namespace saltus
