// In place of the linker: the formulas of emulated kernels are answered by the engine's
// interpreter.
#include "backend/cuda/libraries/linker.h"

#include <deque>
#include <mutex>

#include <saltus/error.h>

#include "formula/scalar.h"
#include "tests/emulated/evaluate.h"
#include "tests/engine/cuda/stand_ins/stand_ins.h"

namespace saltus {
namespace {

std::mutex mutex;
std::deque<formula::Use> known;  // by id

void evaluate_formula(const kernels::ActivationRef& activation, const kernels::Evaluation& run) {
  const formula::Formula* formula = nullptr;
  {
    const std::scoped_lock lock(mutex);
    formula =
        known.at(static_cast<std::size_t>(activation.id - kernels::AllActivations::size)).formula;
  }
  const formula::Ready ready = formula::ready(*formula, activation.parameters);
  for (int i = 0; i < run.count; ++i) {
    float& value = run.values[i * run.value_step];
    const formula::Point point = formula::evaluate(ready, value);
    value = point.value;
    if (run.slopes != nullptr) run.slopes[i * run.slope_step] = point.slope;
  }
}

}  // namespace

void cuda::require_linker() {
  if (!tests::is_installed("libnvrtc.so.13")) throw DeviceError("install cuda-nvrtc");
}

cuda::Linked cuda::link_formulas(std::span<const formula::Use> uses) {
  const std::scoped_lock lock(mutex);
  kernels::evaluate_formula = &evaluate_formula;
  Linked linked;
  for (const formula::Use& use : uses) {
    linked.ids.push_back(kernels::AllActivations::size + static_cast<int>(known.size()));
    known.push_back(use);
  }
  return linked;
}

}  // namespace saltus
