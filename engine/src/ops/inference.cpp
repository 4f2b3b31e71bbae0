#include "ops/inference.h"

#include <algorithm>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::ops {

void Inference::fail(std::string_view what) const {
  throw InvalidArgument(fmt::format("{}: {}", name_, what));
}

void Inference::require_positive(std::string_view what, const Shape& shape) const {
  if (std::any_of(shape.begin(), shape.end(), [](std::int64_t extent) { return extent < 1; })) {
    fail(fmt::format("{} {} has an extent below 1", what, to_string(shape)));
  }
}

void Inference::require_at_least_one(std::string_view what, std::int64_t value) const {
  if (value < 1) fail(fmt::format("{} is {}, but must be 1 or more", what, value));
}

const Shape& Inference::image() const {
  if (input().size() != 3) {
    fail(
        fmt::format("input of shape {} is not an image (height, width, channels); put a Reshape "
                    "before it",
                    to_string(input())));
  }
  return input();
}

const Shape& Inference::one_shape(std::string_view verb) const {
  for (const Shape& shape : inputs_) {
    if (shape != input()) {
      fail(fmt::format("inputs of shapes {} and {} cannot be {}; all must have one shape",
                       to_string(input()), to_string(shape), verb));
    }
  }
  return input();
}

WindowPlacement Inference::place(Size2 window, Size2 strides, layers::Padding padding) const {
  const Shape& shape = image();
  try {
    return place_window({shape[0], shape[1]}, window, strides, padding);
  } catch (const InvalidArgument& error) {
    fail(error.what());
  }
}

Weight Inference::weight(std::string_view role, Shape shape, const Initializer& initializer,
                         bool trainable) const {
  try {
    validate(initializer, shape);
  } catch (const InvalidArgument& error) {
    fail(fmt::format("{}: {}", role, error.what()));
  }
  const Fans fans = fans_of(shape);
  return {fmt::format("{}/{}", name_, role), std::move(shape), initializer, fans, trainable};
}

}  // namespace saltus::ops
