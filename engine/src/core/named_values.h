// A name with values: "elu:alpha=0.2".
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace saltus {

struct NamedValues {
  std::string_view name;
  std::vector<std::pair<std::string_view, std::string_view>> values;  ///< names and values
};

/// Takes such a text apart. Throws InvalidArgument, with `example`, for one that is none.
NamedValues named_values(std::string_view text, std::string_view example);

}  // namespace saltus
