// The head of a network: its last dense layer, the loss, and the gradients that are a row's own, in
// one launch; a second one adds up the rows' losses and metrics.
#pragma once

#include <saltus/kernels/loss/loss.h>

namespace saltus::kernels {

/// y = x w + bias, the loss of y, dy = its gradient, and dx = dy w^T back through what lies before
/// the layer: dropout, then an activation. The gradients of w and bias, sums over the rows, are
/// left to others.
struct Head {
  static constexpr int kMostInputs = 1023;  ///< sums of more are cut into slices elsewhere
  static constexpr int kMostOutputs = 32;
  static constexpr int kNoDrop = -1;

  AnyInput x, w;                     ///< [rows][inputs]; [inputs][outputs]
  PerTrial<const float> bias = {};   ///< [outputs], or none
  AnyOutput y;                       ///< [rows][outputs]
  EvaluateLoss loss;                 ///< of the list; `x` is y, and `dx` is dy, or none
  AnyInput dy = {};                  ///< what loss.dx writes
  AnyOutput dx = {};                 ///< [rows][inputs], or none
  int drop_slot = kNoDrop;           ///< of the dropout before the layer
  PerTrial<const float> slope = {};  ///< [rows][inputs], of the activation before that; or none
  int inputs = 0;                    ///< at most kMostInputs; loss.outputs at most kMostOutputs
};

/// Every sum over inputs or outputs is added up in their order, by multiply-adds in fp32.
void head(const Head& arguments, const LaunchContext& context);

}  // namespace saltus::kernels
