// What both kinds of pooling infer.
#pragma once

#include "ops/inference.h"

namespace saltus::ops {

template <class Pooling>
Inferred pooled_shape(const Pooling& layer, const Inference& at) {
  const Size2 strides = layer.strides == Size2{0, 0} ? layer.pool_size : layer.strides;
  const Size2 output = at.place(layer.pool_size, strides, layer.padding).output;
  return {{output.height, output.width, at.input()[2]}, {}};
}

}  // namespace saltus::ops
