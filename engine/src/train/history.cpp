#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/history.h>

namespace saltus {

const std::vector<double>& History::at(const std::string& name) const {
  const auto found = history.find(name);
  if (found != history.end()) return found->second;
  std::vector<std::string_view> names;
  for (const auto& [known, values] : history) names.push_back(known);
  throw InvalidArgument(
      fmt::format("the history has no {}; it has {}", name, fmt::join(names, ", ")));
}

Logs History::logs(std::size_t index) const {
  Logs logs;
  for (const auto& [name, values] : history) logs[name] = values.at(index);
  return logs;
}

}  // namespace saltus
