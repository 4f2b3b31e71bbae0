#include "core/named_values.h"

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus {

NamedValues named_values(std::string_view text, std::string_view example) {
  if (text.ends_with(':'))
    throw InvalidArgument(fmt::format("'{}' ends in ':': write name:parameter=value", text));
  std::string_view rest = text;
  const auto next_part = [&] {
    const std::size_t colon = rest.find(':');
    const std::string_view part = rest.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : rest.substr(colon + 1);
    return part;
  };
  NamedValues result = {.name = next_part(), .values = {}};
  while (!rest.empty()) {
    const std::string_view part = next_part();
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      throw InvalidArgument(fmt::format("'{}' in '{}' is not of the form parameter=value, as in {}",
                                        part, text, example));
    result.values.emplace_back(part.substr(0, equals), part.substr(equals + 1));
  }
  return result;
}

}  // namespace saltus
