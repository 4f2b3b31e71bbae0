#include "printed_formula.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace saltus::test {
namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}
double gelu(double x) {
  return x * std::erfc(-x / std::numbers::sqrt2) / 2;
}
double gelu_slope(double x) {
  return std::erfc(-x / std::numbers::sqrt2) / 2 +
         x * std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi);
}
double sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}

using Function = double (*)(double);
const std::map<std::string, Function, std::less<>> kFunctions = {
    {"exp", std::exp},    {"ln", std::log},      {"tanh", std::tanh}, {"sigmoid", sigmoid},
    {"sqrt", std::sqrt},  {"erf", std::erf},     {"sin", std::sin},   {"cos", std::cos},
    {"atan", std::atan},  {"floor", std::floor}, {"sign", sign},      {"gelu", gelu},
    {"gelu'", gelu_slope}};
const std::vector<std::string_view> kWords = {"if", "else", "is", "odd", "with"};

class Reader {
 public:
  Reader(std::string_view text, Letters& letters, std::string_view function)
      : text_(text), letters_(letters), function_(function) {}

  double whole() {
    const double value = choice();
    // tanh(x / 2) = 2 / (1 + exp(-x)) - 1
    while (take("=")) {
      const double other = choice();
      require(std::abs(other - value) <= 1e-12 * (1 + std::abs(value)), "both sides to be equal");
    }
    require(next().empty(), "the end");
    return value;
  }

 private:
  /// The next sign or word, or "" at the end.
  std::string_view next() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    if (at_ == text_.size()) return {};
    const auto is_letter = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '\'';
    };
    std::size_t end = at_ + 1;
    if (is_digit(text_[at_])) {
      while (end < text_.size() && (is_digit(text_[end]) || text_[end] == '.')) ++end;
    } else if (is_letter(text_[at_])) {
      while (end < text_.size() && is_letter(text_[end])) ++end;
    } else if (end < text_.size() && text_[end] == '=') {
      ++end;
    }
    return text_.substr(at_, end - at_);
  }

  bool take(std::string_view sign) {
    if (next() != sign) return false;
    at_ += sign.size();
    return true;
  }

  void require(bool holds, const std::string& what) {
    if (!holds) {
      throw std::invalid_argument("'" + std::string(text_) + "' at " + std::to_string(at_) +
                                  ": expected " + what);
    }
  }

  static bool is_digit(char c) { return c >= '0' && c <= '9'; }

  // A if C else B, and A if C; B if D; else E
  double choice(bool must_choose = false) {
    const double first = sum();
    if (!take("if")) {
      require(!must_choose, "'if'");
      return first;
    }
    const bool holds = condition();
    const bool more = take(";");
    double other = 0;
    if (take("else")) {
      other = sum();
    } else {
      require(more, "'else'");
      other = choice(true);
    }
    return holds ? first : other;
  }

  bool condition() {
    double left = sum();
    if (take("is")) {
      require(take("odd"), "'odd'");
      return std::fmod(std::abs(left), 2) == 1;
    }
    bool holds = true;
    bool any = false;
    while (true) {
      const std::string sign(next());
      if (sign != "<" && sign != "<=" && sign != ">" && sign != ">=") break;
      take(sign);
      any = true;
      const double right = sum();
      holds &= sign == "<"    ? left < right
               : sign == "<=" ? left <= right
               : sign == ">"  ? left > right
                              : left >= right;
      left = right;
    }
    require(any, "a comparison");
    return holds;
  }

  double sum() {
    double value = take("-") ? -product() : product();
    while (true) {
      if (take("+")) {
        value += product();
      } else if (take("-")) {
        value -= product();
      } else {
        return value;
      }
    }
  }

  double product() {
    double value = power();
    bool divided = false;
    while (true) {
      if (take("*")) {
        value *= power();
      } else if (take("/")) {
        value /= power();
        divided = true;
      } else if (begins_factor()) {
        require(!divided, "parentheses: a / b c has two meanings");
        value *= power();
      } else {
        return value;
      }
    }
  }

  bool begins_factor() {
    const std::string_view word = next();
    if (word.empty() || std::ranges::find(kWords, word) != kWords.end()) return false;
    return word == "(" || std::isalnum(static_cast<unsigned char>(word.front())) != 0;
  }

  double power() {
    const double base = factor();
    return take("^") ? std::pow(base, factor()) : base;
  }

  double in_parentheses() {
    require(take("("), "'('");
    const double value = choice();
    require(take(")"), "')'");
    return value;
  }

  double factor() {
    if (next() == "(") return in_parentheses();
    if (take("|")) {
      const double value = sum();
      require(take("|"), "'|'");
      return std::abs(value);
    }
    const std::string word(next());
    require(!word.empty(), "a factor");
    take(word);
    if (is_digit(word.front())) return std::strtod(word.c_str(), nullptr);
    // A function's argument follows at once; behind a blank it would be a factor.
    if (at_ < text_.size() && text_[at_] == '(') return call(word);
    if (word == "pi") return std::numbers::pi;
    const auto letter = letters_.find(word);
    require(letter != letters_.end(), "a letter that is known, not '" + word + "'");
    return letter->second;
  }

  double call(const std::string& name) {
    if (name == "min" || name == "max") {
      take("(");
      const double a = sum();
      require(take(","), "','");
      const double b = sum();
      require(take(")"), "')'");
      return name == "min" ? std::min(a, b) : std::max(a, b);
    }
    const double x = in_parentheses();
    if (name == "f") {
      Letters inner = letters_;
      inner["x"] = x;
      return printed_value(function_, std::move(inner));
    }
    const auto function = kFunctions.find(name);
    require(function != kFunctions.end(), "a function, not '" + name + "'");
    return function->second(x);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Letters& letters_;
  std::string_view function_;
};

/// Cuts "s = sigmoid(x), t = tanh(s)" at the commas that are in no parentheses.
std::vector<std::string_view> parts_of(std::string_view text) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == ',' && depth == 0)) {
      parts.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    } else {
      depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    }
  }
  return parts;
}

}  // namespace

double printed_value(std::string_view text, Letters letters, std::string_view function) {
  constexpr std::string_view kWith = ", with ";
  const std::size_t with = text.find(kWith);
  if (with != std::string_view::npos) {
    for (std::string_view part : parts_of(text.substr(with + kWith.size()))) {
      part.remove_prefix(part.find_first_not_of(' '));
      const std::size_t equals = part.find(" = ");
      if (equals == std::string_view::npos) throw std::invalid_argument("with what?");
      letters[std::string(part.substr(0, equals))] =
          Reader(part.substr(equals + 3), letters, function).whole();
    }
    text = text.substr(0, with);
  }
  return Reader(text, letters, function).whole();
}

}  // namespace saltus::test
