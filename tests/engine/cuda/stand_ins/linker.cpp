// In place of the linker: what emulated kernels would be linked with is answered by the engine's
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

/// All that was ever linked, in the order of the numbers by which kernels know it.
class Interpreter : public kernels::RunTimeCode {
 public:
  cuda::Linked add(const formula::DeviceFormulas& formulas) {
    const std::scoped_lock lock(mutex_);
    cuda::Linked linked;
    linked.first_activation += append(formulas.activations, activations_);
    linked.first_learned = append(formulas.learned, learned_);
    linked.first_loss = append(formulas.losses, losses_);
    return linked;
  }

  void evaluate(const kernels::ActivationRef& activation, const kernels::Evaluation& run) override {
    const formula::Use& use = at(activations_, activation.id - kernels::AllActivations::size);
    const formula::Ready ready = formula::ready(*use.formula, activation.parameters);
    for (int i = 0; i < run.count; ++i) {
      float& value = run.values[i * run.value_step];
      const formula::Point point = formula::evaluate(ready, value);
      value = point.value;
      if (run.slopes != nullptr) run.slopes[i * run.slope_step] = point.slope;
    }
  }

  float learned_value(int number, float x, const std::array<float, 4>& parameters) override {
    return formula::evaluate(*at(learned_, number), x, parameters).value;
  }

  kernels::formula::LearnedSlopes learned_slopes(int number, float x,
                                                 const std::array<float, 4>& parameters) override {
    const formula::LearnedPoint point = formula::evaluate(*at(learned_, number), x, parameters);
    const float(&p)[4] = point.by_parameter;
    return {point.slope, {p[0], p[1], p[2], p[3]}};
  }

  kernels::formula::LossTerm loss_term(int number, double y, double t) override {
    const formula::LossUse& use = at(losses_, number);
    kernels::formula::LossTerm term{};
    formula::LossLoop().run(use.formula, &y, &t, &term.value,
                            use.with_slope ? &term.slope : nullptr, 1);
    return term;
  }

 private:
  template <class T>
  static int append(const std::vector<T>& from, std::deque<T>& to) {
    const auto first = static_cast<int>(to.size());
    to.insert(to.end(), from.begin(), from.end());
    return first;
  }

  template <class T>
  const T& at(const std::deque<T>& all, int number) {
    const std::scoped_lock lock(mutex_);
    return all.at(static_cast<std::size_t>(number));
  }

  std::mutex mutex_;
  std::deque<formula::Use> activations_;
  std::deque<std::shared_ptr<const formula::LearnedFormula>> learned_;
  std::deque<formula::LossUse> losses_;
};

}  // namespace

void cuda::require_linker() {
  if (!tests::is_installed("libnvrtc.so.13")) throw DeviceError("install cuda-nvrtc");
}

cuda::Linked cuda::link_formulas(const formula::DeviceFormulas& formulas) {
  static Interpreter interpreter;
  kernels::run_time_code = &interpreter;
  return interpreter.add(formulas);
}

}  // namespace saltus
