#include "backend/cuda/formulas.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/kernels/batch_sums.h>

#include "graph/custom_activation.h"
#include "graph/learned_activation.h"

namespace saltus::cuda {
namespace {

formula::Use use_of(const kernels::ActivationRef& activation) {
  return {find_formula(activation.id), values_of(activation)};
}

auto place_of(const std::vector<formula::Use>& uses, const formula::Use& use) {
  return std::ranges::find_if(uses, [&](const formula::Use& other) {
    return other.formula == use.formula && other.parameters == use.parameters;
  });
}

}  // namespace

Formulas::Formulas(const plan::Plan& plan, std::span<const backend::Trial> trials,
                   std::span<const Metric> metrics) {
  for (const backend::Trial& trial : trials) {
    for (const kernels::ActivationRef& activation : trial.activations) {
      const formula::Use use = use_of(activation);
      if (use.formula == nullptr) continue;
      if (place_of(formulas_.activations, use) == formulas_.activations.end())
        formulas_.activations.push_back(use);
    }
  }
  for (const plan::Step& step : plan.train.steps) {
    if (const auto* activate = std::get_if<ops::ActivateLearned>(&step)) {
      if (std::ranges::find(learned_, activate->activation) != learned_.end()) continue;
      learned_.push_back(activate->activation);
      formulas_.learned.push_back(
          std::make_shared<formula::LearnedFormula>(learned_formula(activate->activation)));
    }
    const auto* evaluate = std::get_if<ops::EvaluateLoss>(&step);
    if (evaluate != nullptr && evaluate->loss.is_formula())
      formulas_.losses.push_back({evaluate->loss.definition(), true});
  }
  for (const Metric& metric : metrics) {
    if (!metric.is_formula()) continue;
    formulas_.losses.push_back({metric.definition(), false});
    ++metrics_;
  }
  if (metrics_ > kernels::kMostFormulaMetrics) {
    throw InvalidArgument(
        fmt::format("{} metrics that are formulas are more than the {} that a model has on a GPU: "
                    "leave some out, or use device cpu",
                    metrics_, kernels::kMostFormulaMetrics));
  }
  if (!formulas_.empty()) require_linker();
}

std::vector<backend::Trial> Formulas::link(std::span<const backend::Trial> trials) {
  std::vector<backend::Trial> linked(trials.begin(), trials.end());
  if (formulas_.empty()) return linked;
  linked_ = link_formulas(formulas_);
  for (backend::Trial& trial : linked) {
    for (kernels::ActivationRef& activation : trial.activations) {
      const auto place = place_of(formulas_.activations, use_of(activation));
      if (place == formulas_.activations.end()) continue;
      activation.id =
          linked_.first_activation + static_cast<int>(place - formulas_.activations.begin());
    }
  }
  return linked;
}

int Formulas::number_of(const Activation& learned) const {
  return linked_.first_learned +
         static_cast<int>(std::ranges::find(learned_, learned) - learned_.begin());
}

}  // namespace saltus::cuda
