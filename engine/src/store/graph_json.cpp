#include "store/graph_json.h"

#include <map>
#include <string>
#include <utility>

#include "graph/kind.h"
#include "store/layer_json.h"

namespace saltus::store {
namespace {

/// More layers than any network has: a file of them is a lie, and each is compared with all.
constexpr std::size_t kMostLayers = 10'000;

}  // namespace

Json json_of(const Graph& graph) {
  Json list = Json::array();
  for (const Node& node : graph.nodes()) {
    Json inputs = Json::array();
    for (const NodeId input : node.inputs) {
      inputs.push_back(graph.nodes()[static_cast<std::size_t>(input)].name);
    }
    list.push_back({{"class_name", kind_name(node.layer)},
                    {"name", node.name},
                    {"inputs", std::move(inputs)},
                    {"config", config_of(node.layer)}});
  }
  return {{"layers", std::move(list)}};
}

Graph graph_of(const ReadJson& json) {
  Members graph_members(json);
  const auto& list = graph_members.at("layers").get_ref<const ReadJson::array_t&>();
  graph_members.require_no_more();
  if (list.empty() || list.size() > kMostLayers) {
    throw InvalidArgument(
        fmt::format("there are {} layers, but may be 1 to {}", list.size(), kMostLayers));
  }
  std::optional<Graph> graph;
  std::map<std::string, NodeId> ids;
  for (const ReadJson& entry : list) {
    Members members(entry);
    Layer layer =
        layer_of(members.at("class_name").get_ref<const std::string&>(), members.at("config"));
    const auto& name = members.at("name").get_ref<const std::string&>();
    if (name.empty()) throw InvalidArgument("a layer has an empty name");
    std::vector<NodeId> inputs;
    for (const ReadJson& input : members.at("inputs").get_ref<const ReadJson::array_t&>()) {
      const auto id = ids.find(input.get_ref<const std::string&>());
      if (id == ids.end()) {
        throw InvalidArgument(fmt::format(
            "{} takes its input from {}, which no layer before it is called", name, input.dump()));
      }
      inputs.push_back(id->second);
    }
    members.require_no_more();
    NodeId id = 0;
    if (graph) {
      id = graph->add_to(std::move(inputs), std::move(layer), name);
    } else if (const auto* input = std::get_if<layers::Input>(&layer); input && inputs.empty()) {
      graph.emplace(input->shape);  // its node's name is Keras's, whatever the file calls it
    } else {
      throw InvalidArgument(
          fmt::format("the first layer is {}, not an InputLayer", kind_name(layer)));
    }
    ids[name] = id;
  }
  return *std::move(graph);
}

}  // namespace saltus::store
