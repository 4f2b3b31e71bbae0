#include "ops/depthwise_convolution/depthwise_convolution.h"

#include "ops/activation/activation.h"
#include "plan/autodiff.h"
#include "plan/lowering.h"
#include "store/onnx_layer.h"

namespace saltus::ops {

Inferred LayerRule<layers::DepthwiseConv2D>::infer(const layers::DepthwiseConv2D& layer,
                                                   const Inference& at) {
  const std::int64_t channels = at.image()[2];
  at.require_at_least_one("depth_multiplier", layer.depth_multiplier);
  const Size2 size = layer.kernel_size;
  const Size2 output = at.place(size, layer.strides, layer.padding).output;
  Inferred inferred{{output.height, output.width, channels * layer.depth_multiplier}, {}};
  inferred.weights.push_back(at.weight("kernel",
                                       {size.height, size.width, channels, layer.depth_multiplier},
                                       layer.depthwise_initializer));
  if (layer.use_bias) {
    inferred.weights.push_back(
        at.weight("bias", {channels * layer.depth_multiplier}, layer.bias_initializer));
  }
  return inferred;
}

TensorId LayerRule<layers::DepthwiseConv2D>::lower(const layers::DepthwiseConv2D& layer,
                                                   plan::Lowering& at) {
  const bool activated = layer.activation != Activation();
  const TensorId y = at.output(activated ? "/product" : "");
  at.emit(DepthwiseConvolution{
      .x = at.input(),
      .w = at.weight(0),
      .b = layer.use_bias ? at.weight(1) : kNone,
      .y = y,
      .window = at.window(layer.kernel_size, layer.strides, layer.padding, at.node().shape[2])});
  return activated ? lower_activation(y, at) : y;
}

/// As many groups as there are channels; ONNX wants their kernels as {channels_out, 1, height,
/// width}.
store::OnnxValue LayerRule<layers::DepthwiseConv2D>::export_onnx(
    const layers::DepthwiseConv2D& layer, store::OnnxLayer& at) {
  const std::int64_t outputs = at.node().shape[2];
  const Size2 size = layer.kernel_size;
  std::vector<std::string> inputs = {
      at.channels_first(),
      at.permuted_weight(0, {2, 3, 0, 1}, {outputs, 1, size.height, size.width})};
  if (layer.use_bias) inputs.push_back(at.weight(1));
  store::OnnxAttributes attributes = at.window(size, layer.strides, layer.padding);
  attributes.emplace_back("group", at.input_shape()[2]);
  const std::string product = at.add("Conv", std::move(inputs), std::move(attributes));
  return {{}, at.activated(layer.activation, product, true)};
}

void DepthwiseConvolution::differentiate(plan::Gradients& gradients) const {
  gradients.emit(x, [&](TensorId dx) {
    return DepthwiseConvolutionBackward{.x = x,
                                        .w = w,
                                        .dy = gradients.at(y),
                                        .dx = dx,
                                        .dw = gradients.of_weight(w),
                                        .db = gradients.of_weight(b),
                                        .window = window};
  });
}

}  // namespace saltus::ops
