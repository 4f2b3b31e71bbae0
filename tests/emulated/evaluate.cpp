// The switch over all activations, once for all kernels of a mode, and what is compiled at run
// time.
#include "tests/emulated/evaluate.h"

#include <cuda_runtime.h>
#include <emulation/traffic.h>

namespace saltus::kernels {

RunTimeCode* run_time_code = nullptr;

void evaluate(const ActivationRef& activation, const Evaluation& run) {
  const auto count = static_cast<std::uint64_t>(run.count);
  emulation::tally(&kValues, count);
  if (run.slopes != nullptr) emulation::tally(&kSlopes, count);
  if (activation.id >= AllActivations::size)
    run_time_code->evaluate(activation, run);
  else
    dispatch(activation.id, detail::Evaluate{activation, run});
}

namespace formula {

// Of these the checker is to see nothing: they read memory of the host's.
#define SALTUS_UNCHECKED __attribute__((no_sanitize("thread")))

SALTUS_LINKED SALTUS_UNCHECKED float saltus_learned_value(int number, float x, float p0, float p1,
                                                          float p2, float p3) {
  return run_time_code->learned_value(number, x, {p0, p1, p2, p3});
}

SALTUS_LINKED SALTUS_UNCHECKED LearnedSlopes saltus_learned_slopes(int number, float x, float p0,
                                                                   float p1, float p2, float p3) {
  return run_time_code->learned_slopes(number, x, {p0, p1, p2, p3});
}

SALTUS_LINKED SALTUS_UNCHECKED LossTerm saltus_loss_term(int number, double y, double t) {
  return run_time_code->loss_term(number, y, t);
}

}  // namespace formula
}  // namespace saltus::kernels
