// The plan: a network lowered to flat lists of steps whose buffers have their places, made once
// before training. It names no backend and no trial: what differs between trials (activation,
// dropout rule, seed, learning rate) stands in a table that steps refer to by slot, so one plan
// runs many trials.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <saltus/graph.h>
#include <saltus/loss.h>
#include <saltus/precision.h>

namespace saltus::plan {

/// Type of a tensor's elements. Bits of bf16 are the upper half of a float's.
enum class DType : std::uint8_t { f32, bf16, u8 };

/// Bytes of one element.
constexpr std::int64_t size_of(DType type) {
  return type == DType::f32 ? 4 : type == DType::bf16 ? 2 : 1;
}

/// Where a tensor lives.
enum class Home : std::uint8_t {
  parameters,  ///< trainable weights: one flat array; gradients and moments are arrays with the
               ///< same offsets
  gradients,   ///< the gradient of a trainable weight
  statistics,  ///< moving means and variances; behind them, in the same order, what the update
               ///< makes of them; behind those the batch's own
  batch,       ///< one row a sample, alive across segments: offset and size count bytes a sample
  slice,  ///< one row a sample, alive inside one sliced segment only: never needed for the whole
          ///< batch at once
};

using TensorId = int;
inline constexpr TensorId kNone = -1;

/// A tensor. Weights have their whole shape; batch and slice tensors that of one sample.
struct Tensor {
  std::string name;
  Shape shape;
  DType type = DType::f32;
  Home home = Home::batch;
  std::int64_t elements = 0;
  std::int64_t offset =
      0;  ///< elements for parameters, gradients and statistics; bytes a sample for batch and slice
};

/// Extents of a convolution or pooling: images [height][width][channels], NHWC.
struct Window {
  Size2 image;
  Size2 output;
  Size2 size;
  Size2 strides;
  Size2 padding_before;
  Size2 padding_after;
  std::int64_t channels_in = 0;
  std::int64_t channels_out = 0;  ///< of pooling: channels_in
};

// Steps. A gradient tensor is named d and the tensor's name; kNone where there is none. All of them
// overwrite their outputs, but and dw, db, dalpha, dgamma, dbeta are sums over the rows
// of the batch.

/// x = rows of the data set, in the order of the epoch; bytes divided by 255.
struct LoadInput {
  static constexpr std::string_view kName = "load_input";
  static constexpr bool kSliced = true;
  TensorId x;
};

/// y = x * w + b
struct Convolution {
  static constexpr std::string_view kName = "convolution";
  static constexpr bool kSliced = true;
  TensorId x, w, b, y;
  Window window;
};
struct ConvolutionBackward {
  static constexpr std::string_view kName = "convolution_backward";
  static constexpr bool kSliced = true;
  TensorId x, w, dy, dx, dw, db;
  Window window;
};

/// Backward of Convolution, activation and max-pooling in one: the gradient arrives at the pooled
/// positions, and `index` says which position of each pooling window it belongs to; all others are
/// zero. dy [pooled height][pooled width][channels_out].
struct PooledConvolutionBackward {
  static constexpr std::string_view kName = "pooled_convolution_backward";
  static constexpr bool kSliced = true;
  TensorId x, w, dy, index, dx, dw, db;
  Window window;
  Window pool;
};

/// y = x w + b, on `rows` rows a sample: x [rows][in], w [in][out].
struct Product {
  static constexpr std::string_view kName = "product";
  static constexpr bool kSliced = false;
  TensorId x, w, b, y;
  std::int64_t rows, in, out;
};
struct ProductBackward {
  static constexpr std::string_view kName = "product_backward";
  static constexpr bool kSliced = false;
  TensorId x, w, dy, dx, dw, db;
  std::int64_t rows, in, out;
};

/// y = f(x); while training slope = f'(x) too, for f and f' share their exponentials. `slot` is the
/// activation's number.
struct Activate {
  static constexpr std::string_view kName = "activate";
  static constexpr bool kSliced = true;
  TensorId x, y, slope;
  int slot;
};

/// dx = dy * slope
struct ActivateBackward {
  static constexpr std::string_view kName = "activate_backward";
  static constexpr bool kSliced = true;
  TensorId dy, slope, dx;
};

/// y = max-pool(f(x)), slope = f' where the maximum was taken, index = its position in the window,
/// row-major. For a monotone f the maximum is taken before f, for f with one minimum f is needed at
/// the window's largest and smallest x only; ties then go to the first position in x.
struct ActivatePool {
  static constexpr std::string_view kName = "activate_pool";
  static constexpr bool kSliced = true;
  TensorId x, y, slope, index;
  int slot;
  Window window;
};

struct MaxPool {
  static constexpr std::string_view kName = "max_pool";
  static constexpr bool kSliced = true;
  TensorId x, y, index;
  Window window;
};
struct MaxPoolBackward {
  static constexpr std::string_view kName = "max_pool_backward";
  static constexpr bool kSliced = true;
  TensorId dy, index, dx;
  Window window;
};

/// Mean over the window's positions inside the image.
struct AveragePool {
  static constexpr std::string_view kName = "average_pool";
  static constexpr bool kSliced = true;
  TensorId x, y;
  Window window;
};
struct AveragePoolBackward {
  static constexpr std::string_view kName = "average_pool_backward";
  static constexpr bool kSliced = true;
  TensorId dy, dx;
  Window window;
};

/// y = keep ? scale x + shift : dropped, by the trial's rule of this slot. Both kinds of dropout
/// are this map.
struct Drop {
  static constexpr std::string_view kName = "drop";
  static constexpr bool kSliced = true;
  TensorId x, y;
  int slot;
};
struct DropBackward {
  static constexpr std::string_view kName = "drop_backward";
  static constexpr bool kSliced = true;
  TensorId dy, dx;
  int slot;
};

/// y = max(x, 0) + alpha min(x, 0). alpha has the shape of a sample with 1 at shared axes.
struct ParametricRelu {
  static constexpr std::string_view kName = "parametric_relu";
  static constexpr bool kSliced = true;
  TensorId x, alpha, y;
  Shape sample;  ///< that alpha's axes are those of; x may have the same values in another shape
};
struct ParametricReluBackward {
  static constexpr std::string_view kName = "parametric_relu_backward";
  static constexpr bool kSliced = false;
  TensorId x, alpha, dy, dx, dalpha;
  Shape sample;
};

/// Over the last axis, `rows` rows a sample of `channels`.
struct SoftmaxRows {
  static constexpr std::string_view kName = "softmax_rows";
  static constexpr bool kSliced = true;
  TensorId x, y;
  std::int64_t rows, channels;
  bool log;
};
struct SoftmaxRowsBackward {
  static constexpr std::string_view kName = "softmax_rows_backward";
  static constexpr bool kSliced = true;
  TensorId y, dy, dx;
  std::int64_t rows, channels;
  bool log;
};

/// While training: batch statistics over rows and positions, kept in mean and inverse_deviation
/// [channels] (f32, statistics home), and in next_mean and next_variance what the moving ones are
/// to become with the weights. Otherwise the moving ones are used and these four are kNone.
struct Normalize {
  static constexpr std::string_view kName = "normalize";
  static constexpr bool kSliced = false;
  TensorId x, gamma, beta, moving_mean, moving_variance, next_mean, next_variance, mean,
      inverse_deviation, y;
  std::int64_t rows, channels;
  double momentum, epsilon;
};
struct NormalizeBackward {
  static constexpr std::string_view kName = "normalize_backward";
  static constexpr bool kSliced = false;
  TensorId x, gamma, mean, inverse_deviation, dy, dx, dgamma, dbeta;
  std::int64_t rows, channels;
};

/// y = a + b
struct Sum {
  static constexpr std::string_view kName = "sum";
  static constexpr bool kSliced = true;
  TensorId a, b, y;
};

/// Loss and metrics of the batch, and the gradient of the mean loss unless dx is kNone. Where
/// `softmax` is set, x holds the logits before the network's Softmax, which is part of the step.
struct EvaluateLoss {
  static constexpr std::string_view kName = "evaluate_loss";
  static constexpr bool kSliced = false;
  TensorId x, dx;
  std::int64_t outputs;
  Loss loss;
  bool softmax;
};

/// Clip and update all trainable weights from the flat gradients, and let the moving statistics
/// become what they are to be: whatever lasts beyond the batch changes here, and all of it or
/// nothing.
struct Update {
  static constexpr std::string_view kName = "update";
  static constexpr bool kSliced = false;
};

using Step =
    std::variant<LoadInput, Convolution, ConvolutionBackward, PooledConvolutionBackward, Product,
                 ProductBackward, Activate, ActivateBackward, ActivatePool, MaxPool,
                 MaxPoolBackward, AveragePool, AveragePoolBackward, Drop, DropBackward,
                 ParametricRelu, ParametricReluBackward, SoftmaxRows, SoftmaxRowsBackward,
                 Normalize, NormalizeBackward, Sum, EvaluateLoss, Update>;

/// "convolution_backward"
std::string_view name_of(const Step& step);

/// Steps that run one after another. A backend may take a sliced segment a few samples at a time,
/// while they are in its cache.
struct Segment {
  bool sliced = false;
  std::vector<Step> steps;
};

/// One pass over a batch. Tensors that are weights come first and are the same, under the same ids,
/// in all programs.
struct Program {
  std::vector<Tensor> tensors;
  std::vector<Segment> segments;
  std::int64_t batch_bytes = 0;  ///< a sample
  std::int64_t slice_bytes = 0;  ///< a sample
  TensorId output = kNone;       ///< what predict() returns; kNone in the other programs
};

/// Everything that a backend needs to know of a network and how it is trained.
struct Plan {
  Shape input;
  Shape output;
  std::vector<Weight> weights;       ///< in the order of their tensors' ids, from 0
  std::int64_t parameter_count = 0;  ///< elements of the flat array of trainable weights
  std::int64_t statistic_count = 0;  ///< elements of the array of statistics
  std::int64_t moving_count = 0;     ///< the first so many of them are the moving ones
  int activation_slots = 0;
  int dropout_slots = 0;
  Precision precision = Precision::fp32;
  Program train;     ///< forward, loss, backward, update
  Program evaluate;  ///< forward without dropout, loss
  Program predict;   ///< forward without dropout
};

/// Lowers a network. Throws InvalidArgument where the loss does not fit the network's end.
Plan make_plan(const Graph& graph, const Loss& loss, Precision precision);

/// One line a step, with its tensors and their homes: for people and for tests.
std::string describe(const Program& program);

}  // namespace saltus::plan
