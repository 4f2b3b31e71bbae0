// Loss and metrics of a batch, and the gradient that starts the backward pass.
#pragma once

#include <saltus/kernels/any_type.h>
#include <saltus/kernels/batch_sums.h>
#include <saltus/kernels/input/order.h>
#include <saltus/kernels/launch_context.h>
#include <saltus/kernels/loss/losses.h>

namespace saltus::kernels {

/// What the outputs should be; one of the three. Numbers stand for one-hot rows, or for the value
/// itself where there is one output.
struct Targets {
  const std::uint8_t* bytes = nullptr;    ///< [samples]
  const std::int32_t* numbers = nullptr;  ///< [samples]
  const float* values = nullptr;          ///< [samples][outputs]
};

/// Metrics that are formulas, by the numbers by which linked code knows them.
struct FormulaMetrics {
  int first = 0;
  int count = 0;  ///< at most kMostFormulaMetrics
};

/// sums[batch] = loss and metrics over the rows; dx = the gradient of their mean loss. Where
/// `softmax` is set, x holds what goes into the Softmax that ends the network, the loss is that of
/// its probabilities (a categorical one that of logits), dx the gradient of x, and metrics are
/// taken of the probabilities.
struct EvaluateLoss {
  static constexpr int kListed = -1;  ///< a formula: the loss is `loss`

  ListedLoss loss;
  int formula = kListed;  ///< the number by which linked code knows the loss
  FormulaMetrics metrics = {};
  bool softmax = false;
  int outputs = 1;
  AnyInput x;    ///< [rows][outputs]
  AnyOutput dx;  ///< likewise, or none
  Targets targets;
  const float* weights = nullptr;  ///< [samples], of each in the loss; none: all weigh 1
  Order order;                     ///< as of the inputs
  PerTrial<BatchSums> sums;        ///< [batches]
  PerTrial<double> workspace;      ///< loss_workspace() doubles
};

void evaluate_loss(const EvaluateLoss& arguments, const LaunchContext& context);

/// The second half of it: metrics that are formulas, and the sums of what all rows have left in the
/// workspace.
void add_rows(const EvaluateLoss& arguments, const LaunchContext& context);

/// Doubles of workspace for each trial.
std::int64_t loss_workspace(int max_rows, int formula_metrics = 0);

}  // namespace saltus::kernels
