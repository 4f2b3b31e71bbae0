// Shape inference: what a layer makes of its inputs. Each layer's rule says it (ops/).
#pragma once

#include <span>
#include <string>
#include <vector>

#include <saltus/graph.h>

namespace saltus {

/// What a layer gives, and the weights it needs for that.
struct Inferred {
  Shape shape;
  std::vector<Weight> weights;
};

/// Shape and weights of a layer behind inputs of these per-sample shapes. `name` begins the names
/// of the weights and every error. Throws InvalidArgument where the layer does not fit.
Inferred infer(const Layer& layer, const std::string& name, std::span<const Shape> inputs);

}  // namespace saltus
