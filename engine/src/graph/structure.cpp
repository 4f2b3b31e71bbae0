#include "graph/structure.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/nearest.h>

namespace saltus {
namespace {

/// Which activation is a trial's choice; whether there is one is not.
const Activation& any_activation() {
  static const Activation any("relu");
  return any;
}

/// A visitor that puts one value in the place of what a trial may choose.
struct WithoutChoices {
  Layer operator()(const layers::Conv2D& layer) const { return of_product(layer); }
  Layer operator()(const layers::Dense& layer) const { return of_product(layer); }
  Layer operator()(layers::PReLU layer) const {
    layer.alpha_initializer = {};
    return layer;
  }
  Layer operator()(const Activation&) const { return any_activation(); }
  Layer operator()(const layers::Dropout&) const { return layers::Dropout{}; }
  Layer operator()(const layers::AlphaDropout&) const { return layers::Dropout{}; }
  template <typename Other>
  Layer operator()(const Other& layer) const {
    return layer;
  }

 private:
  template <typename Product>
  static Layer of_product(Product layer) {
    layer.kernel_initializer = {};
    layer.bias_initializer = {};
    if (activation_of(layer) != nullptr) layer.activation = any_activation();
    return layer;
  }
};

bool are_alike(const Node& a, const Node& b) {
  return a.inputs == b.inputs &&
         std::visit(WithoutChoices{}, a.layer) == std::visit(WithoutChoices{}, b.layer);
}

}  // namespace

void require_all_used(const Graph& graph) {
  std::vector<bool> used(graph.nodes().size(), false);
  used.back() = true;
  for (const Node& node : graph.nodes()) {
    for (const NodeId input : node.inputs) used[static_cast<std::size_t>(input)] = true;
  }
  const auto unused = std::find(used.begin(), used.end(), false);
  if (unused == used.end()) return;
  const Node& node = graph.nodes()[static_cast<std::size_t>(unused - used.begin())];
  throw InvalidArgument(fmt::format(
      "{}: nothing takes its output; every layer but the one added last must feed another",
      node.name));
}

std::size_t node_named(const Graph& graph, std::string_view name) {
  std::vector<std::string_view> names;
  for (const Node& node : graph.nodes()) {
    if (node.name == name) return names.size();
    names.push_back(node.name);
  }
  throw InvalidArgument(
      fmt::format("the model has no layer '{}'{}", name, suggestion(name, names)));
}

Graph part_up_to(const Graph& graph, std::size_t node) {
  const std::vector<Node>& nodes = graph.nodes();
  std::vector<bool> feeds(node + 1, false);
  feeds[node] = true;
  for (std::size_t i = node + 1; i-- > 0;) {
    for (const NodeId input : nodes[i].inputs) {
      if (feeds[i]) feeds[static_cast<std::size_t>(input)] = true;
    }
  }
  Graph part(nodes.front().shape);
  std::vector<NodeId> places = {0};  // of the nodes in the part
  for (std::size_t i = 1; i <= node; ++i) {
    places.push_back(0);
    if (!feeds[i]) continue;
    std::vector<NodeId> inputs;
    for (const NodeId input : nodes[i].inputs) {
      inputs.push_back(places[static_cast<std::size_t>(input)]);
    }
    places.back() = part.add_to(std::move(inputs), nodes[i].layer, nodes[i].name);
  }
  return part;
}

const Activation* activation_of(const Layer& layer) {
  if (const auto* activation = std::get_if<Activation>(&layer)) return activation;
  const auto behind = [](const auto* product) {
    return product != nullptr && product->activation != Activation() ? &product->activation
                                                                     : nullptr;
  };
  const Activation* activation = behind(std::get_if<layers::Conv2D>(&layer));
  return activation != nullptr ? activation : behind(std::get_if<layers::Dense>(&layer));
}

bool have_one_structure(const Graph& a, const Graph& b) {
  return std::equal(a.nodes().begin(), a.nodes().end(), b.nodes().begin(), b.nodes().end(),
                    are_alike);
}

}  // namespace saltus
