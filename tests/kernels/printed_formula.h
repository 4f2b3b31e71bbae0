// Reads the formulas that the list prints, as people do: "alpha (exp(x) - 1)" is a product, "x if
// x > 0 else alpha x" a choice, and ", with s = sigmoid(x)" explains a letter.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace saltus::test {

using Letters = std::map<std::string, double, std::less<>>;

/// The value of a printed formula, where `letters` has x and the parameters, and `function` is the
/// printed formula that f(x) stands for. Throws std::invalid_argument for what cannot be read, or
/// can be read in two ways, such as a / b c.
double printed_value(std::string_view text, Letters letters, std::string_view function = {});

}  // namespace saltus::test
