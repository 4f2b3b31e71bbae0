#include "report/json.h"

#include <fmt/format.h>

#include <saltus/error.h>

#include "core/file.h"
#include "core/text.h"

namespace saltus {

Json json_of(const Clipping& clipping) {
  Json json = Json::object();
  if (clipping.clipvalue) json["clipvalue"] = *clipping.clipvalue;
  if (clipping.clipnorm) json["clipnorm"] = *clipping.clipnorm;
  if (clipping.global_clipnorm) json["global_clipnorm"] = *clipping.global_clipnorm;
  return json;
}

void write_json(const std::filesystem::path& file, const Json& json) {
  // A path need not be UTF-8; what is not is replaced.
  write_file_atomic(file, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

Json parse_json(std::string_view text) {
  const ClassicLocale numbers;  // nlohmann's parser calls strtod
  return Json::parse(text);
}

void read_json(const std::filesystem::path& file, std::string_view format,
               const std::function<void(const Json&)>& read) {
  constexpr std::int64_t kMaxBytes = std::int64_t{1} << 30;
  const std::string text = read_file(file, kMaxBytes);
  try {
    const Json json = parse_json(text);
    if (json.at("format") != format || json.at("version") != kSchemaVersion) {
      throw DataError(
          fmt::format("{} is not a file of format {} {}", file.string(), format, kSchemaVersion));
    }
    read(json);
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("{} cannot be understood: {}", file.string(), error.what()));
  } catch (const InvalidArgument& error) {
    throw DataError(fmt::format("{} cannot be understood: {}", file.string(), error.what()));
  }
}

}  // namespace saltus
