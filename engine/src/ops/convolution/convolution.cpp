#include "ops/convolution/convolution.h"

#include "ops/activation/activation.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::Conv2D>::infer(const layers::Conv2D& layer, const Inference& at) {
  const std::int64_t channels = at.image()[2];
  at.require_at_least_one("filters", layer.filters);
  const Size2 size = layer.kernel_size;
  const Size2 output = at.place(size, layer.strides, layer.padding).output;
  Inferred inferred{{output.height, output.width, layer.filters}, {}};
  inferred.weights.push_back(at.weight("kernel", {size.height, size.width, channels, layer.filters},
                                       layer.kernel_initializer));
  if (layer.use_bias) {
    inferred.weights.push_back(at.weight("bias", {layer.filters}, layer.bias_initializer));
  }
  return inferred;
}

TensorId LayerRule<layers::Conv2D>::lower(const layers::Conv2D& layer, plan::Lowering& at) {
  const bool activated = layer.activation != Activation();
  const TensorId y = at.output(activated ? "/product" : "");
  at.emit(Convolution{at.input(), at.weight(0), layer.use_bias ? at.weight(1) : kNone, y,
                      at.window(layer.kernel_size, layer.strides, layer.padding, layer.filters)});
  return activated ? lower_activation(y, at) : y;
}

store::OnnxValue LayerRule<layers::Conv2D>::export_onnx(const layers::Conv2D& layer,
                                                        store::OnnxLayer& at) {
  std::vector<std::string> inputs = {at.channels_first(), at.permuted_weight(0, {3, 2, 0, 1})};
  if (layer.use_bias) inputs.push_back(at.weight(1));
  const std::string product =
      at.add("Conv", std::move(inputs), at.window(layer.kernel_size, layer.strides, layer.padding));
  return {{}, at.activated(layer.activation, product, true)};
}

void Convolution::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return ConvolutionBackward{.x = x,
                               .w = w,
                               .dy = gradients.at(y),
                               .dx = dx,
                               .dw = gradients.of_weight(w),
                               .db = gradients.of_weight(b),
                               .window = window};
  });
}

}  // namespace saltus::ops
