#include "backend/cuda/formulas.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "backend/cuda/libraries/linker.h"
#include "graph/custom_activation.h"

namespace saltus::cuda {

Formulas::Formulas(std::span<const backend::Trial> trials) : trials_(trials.begin(), trials.end()) {
  std::vector<formula::Use> uses;  // each once
  std::vector<std::pair<kernels::ActivationRef*, std::size_t>> places;
  for (backend::Trial& trial : trials_) {
    for (kernels::ActivationRef& activation : trial.activations) {
      const formula::Formula* const formula = find_formula(activation.id);
      if (formula == nullptr) continue;
      const formula::ParameterValues values = values_of(activation);
      auto use = std::ranges::find_if(uses, [&](const formula::Use& other) {
        return other.formula == formula && other.parameters == values;
      });
      if (use == uses.end()) use = uses.insert(uses.end(), {formula, values});
      places.emplace_back(&activation, static_cast<std::size_t>(use - uses.begin()));
    }
  }
  if (uses.empty()) return;
  Linked linked = link_formulas(uses);
  kernels_ = std::move(linked.kernels);
  for (const auto& [activation, use] : places) activation->id = linked.ids[use];
}

}  // namespace saltus::cuda
