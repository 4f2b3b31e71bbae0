// Tensors with names, as files hold them.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include <saltus/shape.h>

namespace saltus::store {

/// A tensor of floats, row-major, and its name: "conv2d/kernel".
struct Tensor {
  std::string name;
  Shape shape;
  std::vector<float> values;
};

/// What a file holds. The metadata is text by key, where the format has any.
struct TensorFile {
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata = {};
};

}  // namespace saltus::store
