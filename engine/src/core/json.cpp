#include "core/json.h"

#include <algorithm>
#include <cmath>

#include "core/entries.h"
#include "core/text.h"

namespace saltus {

Json json_of(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

double figure_of(const ReadJson& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

Json json_of(const Clipping& clipping) {
  Json json = Json::object();
  if (clipping.clipvalue) json["clipvalue"] = *clipping.clipvalue;
  if (clipping.clipnorm) json["clipnorm"] = *clipping.clipnorm;
  if (clipping.global_clipnorm) json["global_clipnorm"] = *clipping.global_clipnorm;
  return json;
}

Clipping clipping_of(const ReadJson& json) {
  Clipping clipping;
  for (const auto& [name, value] : json.get_ref<const ReadJson::object_t&>()) {
    std::optional<double>* kind = name == "clipvalue"         ? &clipping.clipvalue
                                  : name == "clipnorm"        ? &clipping.clipnorm
                                  : name == "global_clipnorm" ? &clipping.global_clipnorm
                                                              : nullptr;
    if (kind == nullptr) throw InvalidArgument(fmt::format("unknown kind of clipping '{}'", name));
    *kind = value.get<double>();
  }
  return clipping;
}

Json json_of(const Optimizer& optimizer) {
  Json json = json_of_entry(optimizer);
  json["clipping"] = json_of(clipping_of(optimizer));
  return json;
}

Optimizer optimizer_of(const ReadJson& json) {
  Members members(json);
  auto optimizer = entry_of<Optimizer>("optimizer", members);
  std::visit([&](auto& o) { o.clipping = clipping_of(members.at("clipping")); }, optimizer);
  members.require_no_more();
  validate(optimizer);
  return optimizer;
}

double real(const ReadJson& json) {
  if (!json.is_number()) throw InvalidArgument(fmt::format("{} is no number", json.type_name()));
  return json.get<double>();
}

bool flag(const ReadJson& json) {
  return json.get_ref<const ReadJson::boolean_t&>();
}

ReadJson parse_json(std::string_view text, bool throws) {
  const ClassicLocale numbers;  // nlohmann's parser calls strtod
  return ReadJson::parse(text, nullptr, throws);
}

ReadJson parse_unique_json(std::string_view text) {
  const ClassicLocale numbers;
  std::vector<std::set<std::string>> keys;  // of the objects that are open
  const auto watch = [&](int /*depth*/, ReadJson::parse_event_t event, const ReadJson& value) {
    if (event == ReadJson::parse_event_t::object_start) keys.emplace_back();
    if (event == ReadJson::parse_event_t::object_end) keys.pop_back();
    if (event == ReadJson::parse_event_t::key &&
        !keys.back().insert(value.get<std::string>()).second) {
      throw InvalidArgument(fmt::format("the key {} is there twice", value.dump()));
    }
    return true;
  };
  return ReadJson::parse(text, watch);
}

Members::Members(const ReadJson& object) : object_(object) {
  static_cast<void>(object.get_ref<const ReadJson::object_t&>());  // or throws
}

const ReadJson& Members::at(const std::string& key) {
  asked_.insert(key);
  return object_.at(key);
}

const ReadJson* Members::find(const std::string& key) {
  asked_.insert(key);
  const auto found = object_.find(key);
  return found == object_.end() ? nullptr : &*found;
}

void Members::require_no_more() const {
  for (const auto& [key, value] : object_.get_ref<const ReadJson::object_t&>()) {
    if (!asked_.contains(key)) throw InvalidArgument(fmt::format("'{}' is not known here", key));
  }
}

std::string text_of(const Json& json) {
  // A path need not be UTF-8; what is not is replaced.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

void check_format(const ReadJson& json, std::string_view format, int version) {
  if (json.at("format") != format || json.at("version") != version) {
    throw InvalidArgument(fmt::format("it is not of format {} {}", format, version));
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
