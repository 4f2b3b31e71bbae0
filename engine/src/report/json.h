// What sweep.json and results.json share.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include <saltus/sweep.h>

namespace saltus {

/// Keeps its keys in the order in which they were set: files are for people, too.
using Json = nlohmann::ordered_json;

/// To be raised when a file's meaning changes.
inline constexpr int kSchemaVersion = 1;

/// {"clipvalue": 0.5}, or {} for none.
Json json_of(const Clipping& clipping);

/// Writes it indented, whole or not at all. Throws DataError.
void write_json(const std::filesystem::path& file, const Json& json);

/// What a text says, whatever the locale. Throws Json::exception.
Json parse_json(std::string_view text);

/// Reads a file that says "format": `format`, and has `read` take from it what it needs. Throws
/// DataError where there is no such file, or it is not what it should be.
void read_json(const std::filesystem::path& file, std::string_view format,
               const std::function<void(const Json&)>& read);

}  // namespace saltus
