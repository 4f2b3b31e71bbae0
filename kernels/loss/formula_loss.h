// Losses and metrics that are formulas, which are compiled at run time.
#pragma once

#include <saltus/kernels/loss/loss.h>

namespace saltus::kernels {

/// What evaluate_loss() launches for these, before it adds up the rows.
void evaluate_formula_loss(const EvaluateLoss& arguments, const LaunchContext& context);
void evaluate_formula_metrics(const EvaluateLoss& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
