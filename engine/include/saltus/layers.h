#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include <saltus/activation.h>
#include <saltus/initializer.h>
#include <saltus/shape.h>

/// The layers, as plain structs; names, defaults and semantics are Keras's. Images are {height,
/// width, channels}.
namespace saltus::layers {

/// Window placement: `valid` keeps inside the image, `same` pads with zeros (for pooling: with
/// nothing) to ceil(size / stride).
enum class Padding { valid, same };

/// Rows or columns before and after: top and bottom, or left and right.
struct Sides {
  std::int64_t before = 0;
  std::int64_t after = 0;

  // As Keras's numbers: implicit.  NOLINTNEXTLINE(google-explicit-constructor)
  constexpr Sides(std::int64_t both) : before(both), after(both) {}
  constexpr Sides(std::int64_t first, std::int64_t second) : before(first), after(second) {}
  bool operator==(const Sides&) const = default;
};

/// What lies around an image, as Keras writes it: one number for all sides, {height, width}, or
/// {{top, bottom}, {left, right}}.
struct Margins {
  Sides height;
  Sides width;

  // NOLINTNEXTLINE(google-explicit-constructor): as above
  constexpr Margins(std::int64_t all) : height(all), width(all) {}
  constexpr Margins(Sides of_height, Sides of_width) : height(of_height), width(of_width) {}
  bool operator==(const Margins&) const = default;
};

/// Where samples enter; `shape` is that of one sample.
struct Input {
  Shape shape;
  bool operator==(const Input&) const = default;
};

/// 2-D convolution (cross-correlation), then the activation. Kernel {kernel_size.height,
/// kernel_size.width, channels_in, filters}, bias {filters}.
struct Conv2D {
  std::int64_t filters = 0;
  Size2 kernel_size = {3, 3};
  Size2 strides = {1, 1};
  Padding padding = Padding::valid;
  saltus::Activation activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = initializers::GlorotUniform{};
  Initializer bias_initializer = initializers::Zeros{};
  bool operator==(const Conv2D&) const = default;
};

/// Convolution of each channel by itself, with `depth_multiplier` kernels a channel (Chollet,
/// "Xception: deep learning with depthwise separable convolutions", 2017), then the activation:
/// output channel c depth_multiplier + m is made of channel c by the m-th of its
/// kernels. Kernel {kernel_size.height, kernel_size.width, channels_in, depth_multiplier}, bias
/// {channels_in depth_multiplier}. Computed in fp32 whatever the precision: it waits for memory,
/// not for products.
struct DepthwiseConv2D {
  Size2 kernel_size = {3, 3};
  Size2 strides = {1, 1};
  Padding padding = Padding::valid;
  std::int64_t depth_multiplier = 1;
  saltus::Activation activation = {};
  bool use_bias = true;
  Initializer depthwise_initializer = initializers::GlorotUniform{};
  Initializer bias_initializer = initializers::Zeros{};
  bool operator==(const DepthwiseConv2D&) const = default;
};

/// y = activation(x kernel + bias) on the last axis. Kernel {channels_in, units}, bias {units}.
struct Dense {
  std::int64_t units = 0;
  saltus::Activation activation = {};
  bool use_bias = true;
  Initializer kernel_initializer = initializers::GlorotUniform{};
  Initializer bias_initializer = initializers::Zeros{};
  bool operator==(const Dense&) const = default;
};

/// One axis out of all, row-major (height, width, channels).
struct Flatten {
  bool operator==(const Flatten&) const = default;
};

/// The same values under another shape; one extent may be -1 and is then worked out.
struct Reshape {
  Shape target_shape;
  bool operator==(const Reshape&) const = default;
};

/// An elementwise activation: Activation("relu").
using Activation = saltus::Activation;

/// exp(x_i) / sum_j exp(x_j) over the last axis.
struct Softmax {
  bool operator==(const Softmax&) const = default;
};

/// log of Softmax, without ever forming it.
struct LogSoftmax {
  bool operator==(const LogSoftmax&) const = default;
};

/// max(x, 0) + alpha min(x, 0) with a learned alpha per element; `shared_axes` (counted from 1, as
/// in Keras) share one alpha.
struct PReLU {
  std::vector<int> shared_axes = {};
  Initializer alpha_initializer = initializers::Zeros{};
  bool operator==(const PReLU&) const = default;
};

/// Largest value of each window; ties go to the first in row-major window order. `strides` {0, 0}
/// means pool_size.
struct MaxPooling2D {
  Size2 pool_size = {2, 2};
  Size2 strides = {0, 0};
  Padding padding = Padding::valid;
  bool operator==(const MaxPooling2D&) const = default;
};

/// Mean of each window, over the positions inside the image. `strides` {0, 0} means pool_size.
struct AveragePooling2D {
  Size2 pool_size = {2, 2};
  Size2 strides = {0, 0};
  Padding padding = Padding::valid;
  bool operator==(const AveragePooling2D&) const = default;
};

/// Rows and columns of zeros around the image; no side of `padding` may be negative.
struct ZeroPadding2D {
  Margins padding = 1;
  bool operator==(const ZeroPadding2D&) const = default;
};

/// Mean over height and width.
struct GlobalAveragePooling2D {
  bool operator==(const GlobalAveragePooling2D&) const = default;
};

/// While training, zeroes a `rate` of the elements and multiplies the rest by 1 / (1 - rate). The
/// rate, from 0 to below 1, is rounded to 1/65536, to at most 65535/65536.
struct Dropout {
  double rate = 0.5;
  bool operator==(const Dropout&) const = default;
};

/// Dropout for SELU networks: dropped elements take SELU's negative limit, and an affine map
/// restores mean and variance (Klambauer et al., "Self-normalizing neural networks", 2017). The
/// rate is rounded as Dropout's.
struct AlphaDropout {
  double rate = 0.5;
  bool operator==(const AlphaDropout&) const = default;
};

/// Dropout of whole feature maps: a channel of a sample is dropped at all positions, or at none
/// (Tompson et al., "Efficient object localization using convolutional networks", 2015). The rate
/// is rounded as Dropout's.
struct SpatialDropout2D {
  double rate = 0.5;
  bool operator==(const SpatialDropout2D&) const = default;
};

/// While training, adds to each element a normal number with mean 0 and this standard deviation,
/// from 0 to 1.
struct GaussianNoise {
  double stddev = 0;
  bool operator==(const GaussianNoise&) const = default;
};

/// Normalises each channel (last axis) over batch and positions. gamma, beta and two moving
/// statistics, all {channels}. A batch whose variance is beyond the largest float (a value of 1e30)
/// makes moving_variance infinite, which it stays; see CompileOptions::terminate_on_nan.
struct BatchNormalization {
  double momentum = 0.99;
  double epsilon = 1e-3;
  bool operator==(const BatchNormalization&) const = default;
};

/// Normalises the channels (last axis) of each position of each sample by their own mean and
/// (biased) variance: y = (x - mean) / sqrt(variance + epsilon) gamma + beta (Ba et al., "Layer
/// normalization", 2016). gamma and beta are {channels}.
struct LayerNormalization {
  double epsilon = 1e-3;
  bool operator==(const LayerNormalization&) const = default;
};

/// Divides the channels (last axis) of each position of each sample by the root of their mean
/// square: y = x / sqrt(mean(x^2) + epsilon) scale (Zhang and Sennrich, "Root mean square layer
/// normalization", 2019). scale is {channels}.
struct RMSNormalization {
  double epsilon = 1e-6;
  bool operator==(const RMSNormalization&) const = default;
};

/// Normalises the channels (last axis) of each sample in groups of neighbours, over all positions,
/// by their own mean and (biased) variance: y = (x - mean) / sqrt(variance + epsilon) gamma + beta
/// (Wu and He, "Group normalization", 2018). The channels must be a multiple of `groups`; -1 makes
/// each channel a group. gamma, where there is `scale`, and beta, where there is `center`, are
/// {channels}.
struct GroupNormalization {
  std::int64_t groups = 32;
  double epsilon = 1e-3;
  bool center = true;
  bool scale = true;
  bool operator==(const GroupNormalization&) const = default;
};

/// Standardises each feature (last axis) by a mean and a variance that are set and not trained: y =
/// (x - mean) / sqrt(variance + 1e-14), which is Keras's division by max(sqrt(variance), 1e-7)
/// wherever a variance is far from 1e-14. mean and variance, {channels}, begin as 0 and 1; what
/// Keras's adapt() makes of data, moments_of() gives (moments.h), and Model::set_weights() sets it.
struct Normalization {
  bool operator==(const Normalization&) const = default;
};

/// Elementwise sum of two or more inputs of one shape.
struct Add {
  bool operator==(const Add&) const = default;
};

/// Elementwise product of two or more inputs of one shape.
struct Multiply {
  bool operator==(const Multiply&) const = default;
};

/// Two or more inputs side by side along the last axis; the other axes must be the same.
struct Concatenate {
  bool operator==(const Concatenate&) const = default;
};

/// A gated linear unit (Dauphin et al., 2017): the last axis is halved into a and b, and y = a
/// activation(b). With sigmoid it is GLU, with relu ReGLU, with gelu GEGLU, with silu SwiGLU
/// (Shazeer, 2020), and with any activation of the list what one likes.
struct GLU {
  saltus::Activation activation = "sigmoid";
  bool operator==(const GLU&) const = default;
};

}  // namespace saltus::layers

namespace saltus {

/// Any layer.
using Layer =
    std::variant<layers::Input, layers::Conv2D, layers::DepthwiseConv2D, layers::Dense,
                 layers::Flatten, layers::Reshape, Activation, layers::Softmax, layers::LogSoftmax,
                 layers::PReLU, layers::MaxPooling2D, layers::AveragePooling2D,
                 layers::GlobalAveragePooling2D, layers::ZeroPadding2D, layers::Dropout,
                 layers::AlphaDropout, layers::SpatialDropout2D, layers::GaussianNoise,
                 layers::BatchNormalization, layers::LayerNormalization, layers::RMSNormalization,
                 layers::GroupNormalization, layers::Normalization, layers::Add, layers::Multiply,
                 layers::Concatenate, layers::GLU>;

/// Keras's class name, "Conv2D".
SALTUS_API std::string_view kind_name(const Layer& layer);

}  // namespace saltus
