#include "ops/pooling/max_pooling.h"

#include <fmt/format.h>

#include <saltus/error.h>

#include "ops/pooling/pooled_shape.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::MaxPooling2D>::infer(const layers::MaxPooling2D& layer,
                                                const Inference& at) {
  return pooled_shape(layer, at);
}

TensorId LayerRule<layers::MaxPooling2D>::lower(const layers::MaxPooling2D& layer,
                                                plan::Lowering& at) {
  constexpr std::int64_t kMostPooled = 256;
  if (layer.pool_size.height * layer.pool_size.width > kMostPooled) {
    throw InvalidArgument(
        fmt::format("{}: a max-pooling window has at most {} positions; pool in two steps",
                    at.node().name, kMostPooled));
  }
  const TensorId y = at.output();
  const TensorId index = at.saved("/index", plan::DType::u8);
  at.emit(MaxPool{at.input(), y, index,
                  at.window(layer.pool_size, layer.strides, layer.padding, at.input_shape()[2])});
  return y;
}

store::OnnxValue LayerRule<layers::MaxPooling2D>::export_onnx(const layers::MaxPooling2D& layer,
                                                              store::OnnxLayer& at) {
  return at.pooled("MaxPool", layer.pool_size, layer.strides, layer.padding);
}

void MaxPool::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return MaxPoolBackward{gradients.at(y), index, dx, window};
  });
}

}  // namespace saltus::ops
