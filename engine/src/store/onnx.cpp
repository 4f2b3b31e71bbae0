#include "store/onnx.h"

#include <set>

#include <fmt/format.h>

#include <saltus/error.h>

#include "ops/list.h"
#include "store/onnx_layer.h"

namespace saltus::store {
namespace {

/// What protobuf can hold, less what is not weights.
constexpr std::int64_t kMostWeights = ((std::int64_t{1} << 31) - (std::int64_t{1} << 24)) / 4;

std::set<std::string> names_of(const Graph& graph) {
  std::set<std::string> names;
  for (const Node& node : graph.nodes()) names.insert(node.name);
  return names;
}

/// The value under the name that others see: what the network gives by its last layer's name.
OnnxValue named(OnnxValue value, bool is_output, OnnxLayer& layer, OnnxGraph& onnx) {
  if (is_output) {
    const std::string name = onnx.result(layer.plain_of(value));
    value.plain = name == layer.node().name ? name : onnx.result(onnx.node("Identity", {name}));
  } else if (value.channels_first.empty()) {
    value.plain = onnx.result(value.plain);
  } else {
    value.channels_first = onnx.result(value.channels_first);
  }
  return value;
}

}  // namespace

std::string onnx_bytes(const Graph& graph, std::span<const std::vector<float>> weights) {
  if (graph.weight_count() > kMostWeights) {
    throw InvalidArgument(fmt::format(
        "the network's {} weights do not fit an ONNX file, which holds {} at most; make "
        "the network smaller",
        graph.weight_count(), kMostWeights));
  }
  OnnxGraph onnx(names_of(graph));
  OnnxLayer at(graph, onnx);
  for (const Node& node : graph.nodes()) {
    at.begin(node, weights.first(node.weights.size()));
    OnnxValue value = std::visit(
        [&]<class L>(const L& layer) { return ops::LayerRule<L>::export_onnx(layer, at); },
        node.layer);
    at.finish(named(std::move(value), &node == &graph.output(), at, onnx));
    weights = weights.subspan(node.weights.size());
  }
  const Node& input = graph.nodes().front();
  return onnx.file(input.name, input.shape, graph.output().name, graph.output().shape);
}

}  // namespace saltus::store
