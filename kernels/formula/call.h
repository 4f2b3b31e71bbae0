// How kernels call what is compiled at run time. They run as linked ones only; in the program's own
// copies, by which launches name them, there is nothing to call.
#pragma once

#include <saltus/kernels/formula/linked.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels::formula {

/// f of an activation with learned parameters, and its derivatives.
SALTUS_HD float learned_value(int number, float x, const float (&p)[4]) {
#if defined(SALTUS_LINKABLE) || !defined(__CUDACC__)
  return saltus_learned_value(number, x, p[0], p[1], p[2], p[3]);
#else
  return {};
#endif
}
SALTUS_HD LearnedSlopes learned_slopes(int number, float x, const float (&p)[4]) {
#if defined(SALTUS_LINKABLE) || !defined(__CUDACC__)
  return saltus_learned_slopes(number, x, p[0], p[1], p[2], p[3]);
#else
  return {};
#endif
}

/// What an output y and its target t add to a loss or a metric.
SALTUS_HD LossTerm loss_term(int number, double y, double t) {
#if defined(SALTUS_LINKABLE) || !defined(__CUDACC__)
  return saltus_loss_term(number, y, t);
#else
  return {};
#endif
}

}  // namespace saltus::kernels::formula
