// What a layer makes of the shapes of its inputs.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "graph/infer.h"

namespace saltus::ops {

/// A layer that is being added to a graph: its name, and the per-sample shapes of its inputs.
class Inference {
 public:
  Inference(const std::string& name, std::span<const Shape> inputs)
      : name_(name), inputs_(inputs) {}

  std::span<const Shape> inputs() const { return inputs_; }
  const Shape& input() const { return inputs_[0]; }
  /// The input, which must be an image {height, width, channels}.
  const Shape& image() const;

  /// The shape that all inputs have; else "... cannot be VERB; all must have one shape".
  const Shape& one_shape(std::string_view verb) const;

  /// Throws InvalidArgument: "NAME: what".
  [[noreturn]] void fail(std::string_view what) const;
  void require_positive(std::string_view what, const Shape& shape) const;
  void require_at_least_one(std::string_view what, std::int64_t value) const;

  /// Where windows lie in the image.
  WindowPlacement place(Size2 window, Size2 strides, layers::Padding padding) const;

  /// A weight of this layer, named NAME/role.
  Weight weight(std::string_view role, Shape shape, const Initializer& initializer,
                bool trainable = true) const;

 private:
  const std::string& name_;
  std::span<const Shape> inputs_;
};

}  // namespace saltus::ops
