#include "graph/loss_formula.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include <saltus/error.h>

#include "graph/custom_activation.h"

namespace saltus {

bool looks_like_loss_formula(std::string_view text) {
  if (text.find(':') != std::string_view::npos) return false;
  constexpr std::string_view kOfNames =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_- ";
  if (text.find_first_not_of(kOfNames) != std::string_view::npos) return true;
  // "y - t"
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find_first_of("- ", begin), text.size());
    const std::string_view word = text.substr(begin, end - begin);
    if (std::ranges::find(formula::kLossVariables, word) != std::end(formula::kLossVariables))
      return true;
    begin = end + 1;
  }
  return false;
}

std::shared_ptr<const formula::LossFormula> read_loss_formula(std::string_view text) {
  formula::Definition definition =
      formula::read_definition(text, call_activation, formula::kLossVariables);
  formula::require_new_name(definition);
  for (const formula::ParameterDefinition& parameter : definition.parameters) {
    if (parameter.learned == Learned::no) continue;
    throw InvalidArgument(
        fmt::format("{} of {} cannot be learned: only parameters of activations can",
                    parameter.name, definition.formula()));
  }
  return std::make_shared<const formula::LossFormula>(std::move(definition));
}

}  // namespace saltus
