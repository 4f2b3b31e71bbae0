// The list of activations as formulas, and how a formula is recognized as one of them.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "formula/formula.h"

namespace saltus::formula {

/// The activation of that id, of which `info` is known, with its defaults.
kernels::ActivationRef with_defaults(int id, const kernels::Traits& info);

/// "elu:alpha=0.2": its name and the parameters that differ from their defaults, or are learned.
std::string label_of(const kernels::ActivationRef& f, const EachLearned& learned,
                     const kernels::Traits& info);

/// An activation of the list that has a closed form: its name, and a formula in x and its
/// parameters.
struct ListedFormula {
  std::string_view name;
  std::string_view text;
};
std::span<const ListedFormula> listed_formulas();

/// The formula with the activations that it calls written out, as far as they have a closed form.
struct Expanded {
  Graph graph;
  Id root = kNone;
};
Expanded expanded(const Definition& definition);

/// The same for an activation of the list that has a closed form, its parameters by their places in
/// the list.
bool has_closed_form(int id);
Expanded expanded(int id);

/// The activation of the list that is the same function as a formula, whatever its parameters.
struct Twin {
  int id = 0;
  /// For each of its parameters the place of the formula's, or -1: the default.
  std::array<int, kernels::kMaxParameters> parameters = {-1, -1, -1, -1};

  /// With these values of the formula's parameters; nothing where they are not legal for it.
  [[nodiscard]] std::optional<kernels::ActivationRef> with(const ParameterValues& values) const;
};

std::optional<Twin> find_twin(const Definition& definition);

}  // namespace saltus::formula
