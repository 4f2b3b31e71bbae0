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

/// sums[batch] = loss and metrics over the rows; dx = the gradient of their mean loss. Where
/// `softmax` is set, x holds what goes into the Softmax that ends the network, the loss is that of
/// its probabilities (a categorical one that of logits), dx the gradient of x, and metrics are
/// taken of the probabilities.
struct EvaluateLoss {
  ListedLoss loss;
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

/// Doubles of workspace for each trial.
std::int64_t loss_workspace(int max_rows);

}  // namespace saltus::kernels
