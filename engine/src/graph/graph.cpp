#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/graph.h>

#include "graph/infer.h"
#include "graph/kind.h"

namespace saltus {
namespace {

bool is_taken(const std::vector<Node>& nodes, std::string_view name) {
  return std::any_of(nodes.begin(), nodes.end(),
                     [&](const Node& node) { return node.name == name; });
}

/// Keras's name for a layer that was given none: dense, then dense_1, dense_2, ...
std::string default_name(const std::vector<Node>& nodes, const Layer& layer) {
  const std::string_view stem = kind_of(layer).default_name;
  std::string name(stem);
  for (int number = 1; is_taken(nodes, name); ++number) name = fmt::format("{}_{}", stem, number);
  return name;
}

}  // namespace

Graph::Graph(Shape input_shape) {
  add_to({}, layers::Input{std::move(input_shape)});
}

NodeId Graph::add(Layer layer, std::string name) {
  return add_to({static_cast<NodeId>(nodes_.size()) - 1}, std::move(layer), std::move(name));
}

NodeId Graph::add_to(std::vector<NodeId> inputs, Layer layer, std::string name) {
  if (name.empty()) {
    name = default_name(nodes_, layer);
  } else if (is_taken(nodes_, name)) {
    throw InvalidArgument(fmt::format("{}: this name is taken; give each layer its own", name));
  }
  if (std::holds_alternative<layers::Input>(layer) && !nodes_.empty()) {
    throw InvalidArgument(
        fmt::format("{}: a network has one input, the one that its Graph was made with", name));
  }
  const auto count = static_cast<NodeId>(nodes_.size());
  std::vector<Shape> shapes;
  for (const NodeId input : inputs) {
    if (input < 0 || input >= count) {
      throw InvalidArgument(fmt::format(
          "{}: there is no node {} to take its input from; give one that add() returned", name,
          input));
    }
    shapes.push_back(nodes_[static_cast<std::size_t>(input)].shape);
  }
  Inferred inferred = infer(layer, name, shapes);
  nodes_.push_back({std::move(name), std::move(layer), std::move(inputs), std::move(inferred.shape),
                    std::move(inferred.weights)});
  return count;
}

std::int64_t Graph::trainable_count() const {
  std::int64_t count = 0;
  for (const Node& node : nodes_) {
    for (const Weight& weight : node.weights) {
      if (weight.trainable) count += element_count(weight.shape);
    }
  }
  return count;
}

std::int64_t Graph::weight_count() const {
  std::int64_t count = 0;
  for (const Node& node : nodes_) {
    for (const Weight& weight : node.weights) count += element_count(weight.shape);
  }
  return count;
}

}  // namespace saltus
