#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include <saltus/layers.h>

namespace saltus {

/// A closed interval.
struct Bounds {
  float low = 0;
  float high = 0;
};

/// A weight tensor of a node, in Keras's layout.
struct Weight {
  std::string name;  ///< "conv2d/kernel"
  Shape shape;
  Initializer initializer = initializers::Zeros{};
  Fans fans;
  bool trainable = true;
  /// Of a learned parameter of an activation: it is used within these, and weight decay leaves it
  /// alone.
  std::optional<Bounds> bounds = std::nullopt;
};

/// Index of a node in its graph.
using NodeId = int;

/// A layer in its place: where its input comes from and the per-sample shape it gives.
struct Node {
  std::string name;
  Layer layer;
  std::vector<NodeId> inputs;
  Shape shape;
  std::vector<Weight> weights;
};

/// A network: layers and what feeds them. Shapes are inferred as layers are added, so a graph that
/// exists is sound. There is one input, and the node added last is the output.
class SALTUS_API Graph {
 public:
  /// Starts a network whose samples have this shape. Throws InvalidArgument unless every extent is
  /// positive.
  explicit Graph(Shape input_shape);

  /// Adds a layer behind the node added last. Names default to Keras's: dense, dense_1, ...
  /// Throws InvalidArgument where the layer does not fit its input or the name is taken.
  NodeId add(Layer layer, std::string name = "");

  /// Adds a layer behind the nodes given.
  NodeId add_to(std::vector<NodeId> inputs, Layer layer, std::string name = "");

  /// Nodes in the order in which they were added; each comes after its inputs.
  const std::vector<Node>& nodes() const { return nodes_; }

  /// The output node.
  const Node& output() const { return nodes_.back(); }

  /// Number of weights, trainable ones and all.
  std::int64_t trainable_count() const;
  std::int64_t weight_count() const;

  /// The table that Keras prints: layer, output shape, number of weights.
  std::string summary() const;

 private:
  std::vector<Node> nodes_;
};

/// Extents of the padding before the image's first row and column, and of the output, for a window.
struct WindowPlacement {
  Size2 output;
  Size2 padding_before;
  Size2 padding_after;
};

/// Where the windows of a convolution or pooling lie. Throws InvalidArgument if none fits.
SALTUS_API WindowPlacement place_window(Size2 image, Size2 window, Size2 strides,
                                        layers::Padding padding);

}  // namespace saltus
