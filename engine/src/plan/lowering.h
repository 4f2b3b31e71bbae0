// Lowering: each layer of a graph becomes forward steps, by its own rule.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/graph.h>
#include <saltus/loss.h>

#include "ops/choices.h"
#include "ops/list.h"
#include "plan/program.h"

namespace saltus::plan {

/// Elements of the weights that are not trained, with what alignment adds: those that move with the
/// batches, which come first in the array of statistics, and those that stay as they are set.
/// Behind both follows, while training, what the first are to become.
struct StatisticCounts {
  std::int64_t moving = 0;
  std::int64_t kept = 0;
};
StatisticCounts count_statistics(const Graph& graph);

/// A graph that is being lowered; layers' rules see the node at hand.
class Lowering {
 public:
  Lowering(const Graph& graph, const ops::Slots& slots, const Loss& loss, Mode mode);

  /// The forward steps, the loss where the mode has one, and their tensors.
  struct Result {
    Program program;  ///< without steps
    std::vector<ops::ForwardStep> forward;
    std::optional<ops::EvaluateLoss> loss;
    std::vector<TensorId> values;  ///< by node: the tensor that holds its output
  };
  Result run();

  // For the layers' rules.

  const Node& node() const { return *node_; }
  /// The node's place in the graph.
  std::size_t number() const { return static_cast<std::size_t>(node_ - graph_.nodes().data()); }
  bool training() const { return result_.program.mode == Mode::train; }
  /// Whether a backward pass follows.
  bool differentiates() const { return training() || result_.program.mode == Mode::diagnose; }

  /// The tensor and per-sample shape of an input.
  TensorId input(std::size_t number = 0) const;
  const Shape& input_shape(std::size_t number = 0) const;

  /// A weight of the layer, in the order of Node::weights.
  TensorId weight(std::size_t number) const;

  /// A new tensor of the layer's output shape, named after the layer.
  TensorId output(std::string_view suffix = "", DType type = DType::f32);

  /// A new tensor of any per-sample shape.
  TensorId tensor(std::string_view suffix, Shape shape);

  /// All inputs, taken two at a time: emit(a, b, y) emits what makes y of a and b.
  template <class Emit>
  TensorId fold(Emit emit) {
    TensorId all = input();
    for (std::size_t i = 1; i < node_->inputs.size(); ++i) {
      const TensorId y = output();
      emit(all, input(i), y);
      all = y;
    }
    return all;
  }

  /// The same as output(), for what the backward pass reads: kNone unless there is one.
  TensorId saved(std::string_view suffix, DType type = DType::f32);

  /// What a moving statistic is to become with the update, and a statistic of the batch: kNone
  /// unless training.
  TensorId next_statistic(TensorId moving);
  TensorId batch_statistic(std::string_view suffix, std::int64_t channels);

  /// Where windows lie in the input.
  Window window(Size2 size, Size2 strides, layers::Padding padding,
                std::int64_t channels_out) const;

  /// The trial table's number of the layer's activation or dropout.
  int activation_slot() const;
  int dropout_slot() const;

  /// Whether this is the Softmax at the network's end, and the loss takes its logits.
  bool loss_takes_softmax() const { return loss_takes_softmax_; }

  void emit(ops::ForwardStep step) { result_.forward.push_back(std::move(step)); }

 private:
  void add_weights();
  TensorId statistic(std::string name, std::int64_t channels, std::int64_t offset);
  void add_loss();

  const Graph& graph_;
  const ops::Slots& slots_;
  const Loss& loss_;
  Result result_;
  const Node* node_ = nullptr;
  std::vector<TensorId> first_weight_;  ///< by node
  std::int64_t statistics_ = 0;
  std::int64_t next_ = 0;  ///< of statistics_: where that begins which the moving ones become
  bool loss_takes_softmax_ = false;
};

}  // namespace saltus::plan
