// JSON as the library's files hold it.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/optimizer.h>

namespace saltus {

/// What is written keeps its keys in the order in which they were set: files are for people, too.
using Json = nlohmann::ordered_json;

/// What is read finds its keys fast, however many there are.
using ReadJson = nlohmann::json;

/// JSON has no number that is not finite; it is written as null, and read as NaN.
Json json_of(double value);
double figure_of(const ReadJson& json);

/// {"clipvalue": 0.5}, or {} for none.
Json json_of(const Clipping& clipping);
Clipping clipping_of(const ReadJson& json);

/// {"name": "adam", "learning_rate": 0.001, ..., "clipping": {}}: all parameters by name. What is
/// read is valid.
Json json_of(const Optimizer& optimizer);
Optimizer optimizer_of(const ReadJson& json);

/// A number, not a text or null; true or false.
double real(const ReadJson& json);
bool flag(const ReadJson& json);

/// A whole number, neither rounded nor wrapped around. Throws InvalidArgument, as all functions
/// here that read, where something is not what it should be, or what the JSON library throws.
template <std::integral T>
T whole(const ReadJson& json) {
  if (json.is_number_unsigned()) {
    if (const auto value = json.get<std::uint64_t>(); std::in_range<T>(value)) {
      return static_cast<T>(value);
    }
  } else if (json.is_number_integer()) {
    if (const auto value = json.get<std::int64_t>(); std::in_range<T>(value)) {
      return static_cast<T>(value);
    }
  }
  throw InvalidArgument(fmt::format("{} is not a whole number from {} to {}",
                                    json.is_number() ? json.dump() : json.type_name(),
                                    std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
}

/// A list of them.
template <std::integral T>
std::vector<T> wholes(const ReadJson& json) {
  std::vector<T> values;
  for (const ReadJson& value : json.get_ref<const ReadJson::array_t&>()) {
    values.push_back(whole<T>(value));
  }
  return values;
}

/// What a text says, whatever the locale. Where it is no JSON, throws what the JSON library throws,
/// or returns a value that is_discarded().
ReadJson parse_json(std::string_view text, bool throws = true);

/// The same where an object that has a key twice is refused, too: the JSON library would take the
/// last. Throws InvalidArgument for that.
ReadJson parse_unique_json(std::string_view text);

/// The members of a JSON object, of which none may be left over.
class Members {
 public:
  explicit Members(const ReadJson& object);

  /// Throws what the JSON library throws where there is none.
  const ReadJson& at(const std::string& key);
  /// Null where there is none.
  const ReadJson* find(const std::string& key);

  /// Throws InvalidArgument where there is a member that nobody asked for.
  void require_no_more() const;

 private:
  const ReadJson& object_;
  std::set<std::string, std::less<>> asked_;
};

/// Indented, for a file.
std::string text_of(const Json& json);

/// Throws InvalidArgument unless it says "format": `format` of this version.
void check_format(const ReadJson& json, std::string_view format, int version);

/// Runs `read`; what it throws becomes a DataError that names `where`: a file, or a part of it.
void understand(const std::string& where, const std::function<void()>& read);

}  // namespace saltus
