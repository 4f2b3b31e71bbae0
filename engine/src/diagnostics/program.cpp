#include "diagnostics/program.h"

#include <algorithm>
#include <span>
#include <utility>
#include <variant>

#include "ops/choices.h"
#include "passes/passes.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "plan/verify.h"

namespace saltus::diagnostics {
namespace {

using plan::kNone;
using plan::TensorId;

/// Places start on cache lines.
constexpr std::int64_t kAlignment = 64;

template <class... L>
bool is_any(const Layer& layer) {
  return (std::holds_alternative<L>(layer) || ...);
}
bool has_kernel(const Layer& layer) {
  return is_any<layers::Conv2D, layers::DepthwiseConv2D, layers::Dense>(layer);
}
bool normalizes(const Layer& layer) {
  return is_any<layers::BatchNormalization, layers::LayerNormalization, layers::RMSNormalization,
                layers::GroupNormalization>(layer);
}

/// Finds the layers of a graph in its forward steps.
class LayerFinder {
 public:
  LayerFinder(const Graph& graph, const plan::Lowering::Result& lowered)
      : nodes_(graph.nodes()), lowered_(lowered), taken_(nodes_.size(), false) {
    readers_.resize(nodes_.size());
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      for (const NodeId input : nodes_[i].inputs)
        readers_[static_cast<std::size_t>(input)].push_back(i);
  }

  std::vector<DiagnosedLayer> find() {
    std::vector<DiagnosedLayer> layers;
    std::size_t first_weight = 0;
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
      const Node& node = nodes_[i];
      DiagnosedLayer layer;
      layer.name = node.name;
      if (has_kernel(node.layer)) {
        for (std::size_t w = 0; w < node.weights.size(); ++w)
          if (!node.weights[w].bounds) layer.weights.push_back(first_weight + w);
        const std::size_t last = last_of(i);
        layer.z = value(last);
        take_activation(last, layer);
        layers.push_back(std::move(layer));
      } else if (!taken_[i] && take_activation(i, layer)) {
        layers.push_back(std::move(layer));
      }
      first_weight += node.weights.size();
    }
    return layers;
  }

  TensorId value(std::size_t node) const { return lowered_.values[node]; }

 private:
  /// The node whose output the layer with this kernel gives: behind a normalization, and behind an
  /// activation of its own.
  std::size_t last_of(std::size_t node) const {
    std::size_t last = node;
    while (step_of(last) == nullptr && readers_[last].size() == 1) {
      const std::size_t next = readers_[last].front();
      const bool activates = nodes_[next].inputs.size() == 1 && step_of(next) != nullptr;
      if (!activates && !normalizes(nodes_[next].layer)) break;
      last = next;
    }
    return last;
  }

  /// Whether the node's output is that of an activation, which the layer then has.
  bool take_activation(std::size_t node, DiagnosedLayer& layer) {
    const ops::ForwardStep* step = step_of(node);
    if (step == nullptr) return false;
    taken_[node] = true;
    layer.a = value(node);
    if (const auto* listed = std::get_if<ops::Activate>(step)) {
      layer.z = listed->x;
      layer.slope = listed->slope;
      layer.slot = listed->slot;
    } else {
      const auto& learned = std::get<ops::ActivateLearned>(*step);
      layer.z = learned.x;
      layer.learned = learned.activation;
    }
    return true;
  }

  /// The step of the activation that a node ends with; null where it ends with none.
  const ops::ForwardStep* step_of(std::size_t node) const {
    if (ops::activation_of(nodes_[node].layer) == nullptr) return nullptr;
    const TensorId y = value(node);
    const auto writes = [&](const ops::ForwardStep& step) {
      const auto* listed = std::get_if<ops::Activate>(&step);
      const auto* learned = std::get_if<ops::ActivateLearned>(&step);
      return (listed != nullptr && listed->y == y) || (learned != nullptr && learned->y == y);
    };
    const auto step = std::ranges::find_if(lowered_.forward, writes);
    return step == lowered_.forward.end() ? nullptr : &*step;
  }

  const std::vector<Node>& nodes_;
  const plan::Lowering::Result& lowered_;
  std::vector<std::vector<std::size_t>> readers_;  ///< by node
  std::vector<bool> taken_;                        ///< by node: its activation is a layer's
};

/// What the last layer with a kernel reads; kNone where there is none.
TensorId last_input(const Graph& graph, const LayerFinder& finder) {
  for (auto node = graph.nodes().rbegin(); node != graph.nodes().rend(); ++node)
    if (has_kernel(node->layer)) return finder.value(static_cast<std::size_t>(node->inputs[0]));
  return kNone;
}

/// f' of a learned activation is what its backward step makes of ones.
void add_slopes(DiagnosedNetwork& network, std::span<const ops::ForwardStep> forward) {
  for (DiagnosedLayer& layer : network.layers) {
    if (!layer.learned) continue;
    plan::Program& program = network.program;
    const plan::Tensor z = program.tensor(layer.z);
    const TensorId ones = program.add_tensor(layer.name + "/ones", z.shape);
    layer.slope = program.add_tensor(layer.name + "/slope", z.shape);
    network.ones.push_back(ones);
    const auto is_its = [&](const ops::ForwardStep& step) {
      const auto* learned = std::get_if<ops::ActivateLearned>(&step);
      return learned != nullptr && learned->y == layer.a;
    };
    const auto& step = std::get<ops::ActivateLearned>(*std::ranges::find_if(forward, is_its));
    program.steps.emplace_back(ops::ActivateLearnedBackward{.x = step.x,
                                                            .parameters = step.parameters,
                                                            .dy = ones,
                                                            .dx = layer.slope,
                                                            .gradients = {},
                                                            .activation = step.activation,
                                                            .channels = step.channels});
  }
}

/// Every tensor with rows keeps them for the whole batch, in a place of its own.
void keep_all(plan::Program& program) {
  for (plan::Tensor& tensor : program.tensors) {
    if (!plan::has_rows(tensor)) continue;
    tensor.home = plan::Home::batch;
    tensor.offset = program.batch_bytes;
    program.batch_bytes += (bytes_of(tensor) + kAlignment - 1) / kAlignment * kAlignment;
  }
}

}  // namespace

DiagnosedNetwork diagnosed(const Graph& graph, const plan::Plan& plan, const Loss& loss) {
  plan::Lowering::Result lowered =
      plan::Lowering(graph, plan.slots, loss, plan::Mode::diagnose).run();
  LayerFinder finder(graph, lowered);
  DiagnosedNetwork network{
      .program = {}, .layers = finder.find(), .last_input = last_input(graph, finder), .ones = {}};

  plan::Program& program = lowered.program;
  for (const ops::ForwardStep& step : lowered.forward)
    std::visit([&](const auto& s) { program.steps.emplace_back(s); }, step);
  program.steps.emplace_back(*lowered.loss);
  plan::Gradients gradients(program, lowered.forward);
  gradients.run(*lowered.loss);
  plan::verify(program);

  DiagnosedLayer* last_hidden = nullptr;
  for (DiagnosedLayer& layer : network.layers) {
    if (gradients.wants(layer.z)) layer.dz = gradients.at(layer.z);
    if (layer.a != kNone && layer.a != lowered.values.back()) last_hidden = &layer;
  }
  if (last_hidden != nullptr) last_hidden->is_last_hidden = true;

  network.program = std::move(program);
  add_slopes(network, lowered.forward);
  passes::slice(network.program);
  keep_all(network.program);
  plan::verify_segments(network.program);
  plan::verify_memory(network.program, Precision::fp32);
  return network;
}

}  // namespace saltus::diagnostics
