#include "reference/network.h"

#include <stdexcept>
#include <utility>
#include <variant>

namespace saltus::reference {
namespace {

/// The activation inside of a layer, which the oracle does not know.
bool has_activation(const Layer& layer) {
  const auto in = [&]<class L>(const L* one) {
    return one != nullptr && one->activation != Activation{};
  };
  return in(std::get_if<layers::Conv2D>(&layer)) ||
         in(std::get_if<layers::DepthwiseConv2D>(&layer)) || in(std::get_if<layers::Dense>(&layer));
}

}  // namespace

std::string Call::weight_name(const char* kind) const {
  return node.name + "/" + kind;
}

const Values& Call::weight(const char* kind) const {
  return weights.at(weight_name(kind));
}

Network::Network(Graph graph, const Loss& loss, const Optimizer& optimizer, std::uint64_t seed,
                 double ema_momentum)
    : graph_(std::move(graph)), loss_(loss), seed_(seed), updater_(optimizer, ema_momentum) {
  fused_ =
      fuses_with_softmax(loss) && std::holds_alternative<layers::Softmax>(graph_.output().layer);
  std::uint32_t dropouts = 0;
  for (const Node& node : graph_.nodes()) {
    if (has_activation(node.layer)) {
      throw std::invalid_argument(node.name + ": give the oracle its activation as a layer");
    }
    dropout_.push_back(dropouts);
    if (std::holds_alternative<layers::Dropout>(node.layer) ||
        std::holds_alternative<layers::AlphaDropout>(node.layer) ||
        std::holds_alternative<layers::SpatialDropout2D>(node.layer)) {
      ++dropouts;
    }
    for (const Weight& weight : node.weights) {
      weights_[weight.name] = Values(element_count(weight.shape));
    }
  }
}

Call Network::call(NodeId id, const Array<Batch>& outputs, const Batch& x, const Weights& weights,
                   bool training) const {
  std::vector<const Batch*> inputs;
  for (const NodeId input : node(id).inputs) inputs.push_back(&outputs[input]);
  if (inputs.empty()) inputs.push_back(&x);
  return {node(id),    std::move(inputs),         weights,
          training,    {seed_, updater_.steps()}, static_cast<std::uint32_t>(id),
          dropout_[id]};
}

Array<Batch> Network::forward(const Batch& x, bool training, const Weights& weights) const {
  Array<Batch> outputs;
  for (NodeId id = 0; id < std::ssize(graph_.nodes()); ++id) {
    const Call here = call(id, outputs, x, weights, training);
    outputs.push_back(std::visit(
        [&]<class L>(const L& layer) { return Formula<L>::output(layer, here); }, here.node.layer));
    round(outputs.back());
  }
  return outputs;
}

Array<Batch> Network::forward(const Batch& x, bool training) const {
  return forward(x, training, rounded(training ? weights_ : averages()));
}

LossValue Network::loss_of(const Array<Batch>& outputs, const Batch& t) const {
  const Batch& y = fused_ ? outputs[graph_.output().inputs.front()] : outputs.back();
  return reference::evaluate(loss_, y, t, fused_);
}

Pass Network::differentiate(const Batch& x, const Batch& t) const {
  const Weights weights = rounded(weights_);
  Pass pass;
  pass.outputs = forward(x, true, weights);
  LossValue loss = loss_of(pass.outputs, t);
  pass.sums = count(pass.outputs.back(), t);
  pass.sums.loss = loss.sum;

  // The gradient of a node's output is the sum of what its readers send back; it is complete when
  // the walk, last node first, comes to the node.
  Array<Batch> gradients;
  for (const Batch& output : pass.outputs) gradients.push_back({output.rows, output.shape});
  const NodeId last = static_cast<NodeId>(std::ssize(gradients)) - 1;
  const NodeId start = fused_ ? graph_.output().inputs.front() : last;
  gradients[start] = std::move(loss.gradient);
  for (NodeId id = start; id >= 0; --id) {
    round(gradients[id]);
    const Call here = call(id, pass.outputs, x, weights, true);
    Gradients back = std::visit(
        [&]<class L>(const L& layer) { return Formula<L>::gradients(layer, here, gradients[id]); },
        here.node.layer);
    if (here.node.inputs.empty()) pass.input_gradient = std::move(back.inputs.front());
    auto dx = back.inputs.begin();
    for (const NodeId input : here.node.inputs) {
      Values& sum = gradients[input].values;
      for (std::int64_t k = 0; k < sum.size(); ++k) sum[k] += dx->values[k];
      ++dx;
    }
    pass.gradients.merge(back.weights);
    if (const auto* layer = std::get_if<layers::BatchNormalization>(&here.node.layer)) {
      pass.statistics.merge(moving_statistics(*layer, here));
    }
  }
  return pass;
}

Sums Network::train(const Batch& x, const Batch& t) {
  Pass pass = differentiate(x, t);
  for (auto& [name, values] : pass.statistics) weights_.at(name) = std::move(values);
  pass.sums.clipped = updater_.update(weights_, std::move(pass.gradients));
  return pass.sums;
}

Sums Network::evaluate(const Batch& x, const Batch& t) const {
  const Array<Batch> outputs = forward(x, false);
  Sums sums = count(outputs.back(), t);
  sums.loss = loss_of(outputs, t).sum;
  return sums;
}

Weights Network::averages() const {
  Weights weights = weights_;
  for (const auto& [name, average] : updater_.averages()) weights.at(name) = average;
  return weights;
}

Weights Network::rounded(Weights weights) const {
  if (rounding_.weights) {
    for (auto& [name, values] : weights) rounding_.weights(values);
  }
  return weights;
}

void Network::round(Batch& batch) const {
  if (rounding_.tensors) rounding_.tensors(batch.values);
}

}  // namespace saltus::reference
