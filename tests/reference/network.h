// The oracle: a network trained in double precision by walking its graph layer by layer. It shares
// no code with the engine but the graph itself, the formulas of kernels/activations.h and the
// random numbers of kernels/random.h, and nothing in it is meant to be fast.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <saltus/graph.h>
#include <saltus/loss.h>
#include <saltus/optimizer.h>

#include "reference/batch.h"
#include "reference/layers.h"
#include "reference/loss.h"
#include "reference/updater.h"

namespace saltus::reference {

/// Disturbances of a computation, to measure how much the rounding errors of another one matter:
/// `tensors` is applied to every layer's output and every gradient, `weights` to the copy of the
/// weights that a pass works with. None where empty.
struct Rounding {
  std::function<void(Values&)> tensors;
  std::function<void(Values&)> weights;
};

/// A training step's forward and backward pass, before any weight changes.
struct Pass {
  Array<Batch> outputs;  ///< of every node of the graph
  Sums sums;
  Weights gradients;     ///< of the mean loss, with respect to every trainable weight
  Batch input_gradient;  ///< and to the network's input
  Weights statistics;    ///< new moving statistics
};

/// A network with its loss, optimizer and weights.
class Network {
 public:
  /// All weights start from zero. Throws std::invalid_argument for an activation inside of a layer:
  /// it is a layer of its own here.
  Network(Graph graph, const Loss& loss, const Optimizer& optimizer = SGD{}, std::uint64_t seed = 0,
          double ema_momentum = 0);

  const Graph& graph() const { return graph_; }
  Weights& weights() { return weights_; }
  const Weights& weights() const { return weights_; }
  /// The weights with averages in place of those that have any: what predicts and evaluates.
  Weights averages() const;
  void set_rounding(Rounding rounding) { rounding_ = std::move(rounding); }

  /// Outputs of every node; dropout and batch statistics only while training.
  Array<Batch> forward(const Batch& x, bool training) const;

  /// Forward and backward of the next training step.
  Pass differentiate(const Batch& x, const Batch& t) const;

  /// One training step: the sums are those of the weights before it.
  Sums train(const Batch& x, const Batch& t);

  /// Loss and metrics, not training.
  Sums evaluate(const Batch& x, const Batch& t) const;

  /// Outputs, not training.
  Batch predict(const Batch& x) const { return forward(x, false).back(); }

 private:
  Array<Batch> forward(const Batch& x, bool training, const Weights& weights) const;
  const Node& node(NodeId id) const { return graph_.nodes()[static_cast<std::size_t>(id)]; }
  Call call(NodeId id, const Array<Batch>& outputs, const Batch& x, const Weights& weights,
            bool training) const;
  LossValue loss_of(const Array<Batch>& outputs, const Batch& t) const;
  Weights rounded(Weights weights) const;
  void round(Batch& batch) const;

  Graph graph_;
  Loss loss_;
  bool fused_ = false;            ///< loss and last layer are one
  Array<std::uint32_t> dropout_;  ///< for each node, the dropout layers before it
  std::uint64_t seed_;
  Updater updater_;
  Weights weights_;
  Rounding rounding_;
};

}  // namespace saltus::reference
