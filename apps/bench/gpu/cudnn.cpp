// Through the API of one operation a call: its convolutions choose among cuDNN's own algorithms by
// measuring (cudnnFind*Ex). Descriptors are never destroyed: they are few and small.
#include <array>
#include <memory>

#if defined(SALTUS_HAS_CUDNN)
#include <cudnn.h>

#include "arena.h"
#include "backend/cuda/libraries/library.h"
#include "peers.h"

namespace saltus::bench {
namespace {

constexpr std::size_t kWorkspace = std::size_t{256} << 20;
constexpr float kOne = 1;
constexpr float kNone = 0;

const cuda::Library& library() {
  static const cuda::Library loaded("libcudnn.so.9");
  return loaded;
}

void expect(cudnnStatus_t status, const char* what) {
  if (status != CUDNN_STATUS_SUCCESS)
    throw std::runtime_error(std::string(what) + ": " +
                             SALTUS_OF(library(), cudnnGetErrorString)(status));
}

#define SALTUS_DNN(name, ...) expect(SALTUS_OF(library(), name)(__VA_ARGS__), #name)

cudnnHandle_t handle() {
  static const cudnnHandle_t handle = [] {
    cudnnHandle_t made = nullptr;
    SALTUS_DNN(cudnnCreate, &made);
    SALTUS_DNN(cudnnSetStream, made, bench_stream());
    return made;
  }();
  return handle;
}

cudnnTensorDescriptor_t tensor(cudnnDataType_t type, int rows, const kernels::Extent& extent,
                               int channels) {
  cudnnTensorDescriptor_t made = nullptr;
  SALTUS_DNN(cudnnCreateTensorDescriptor, &made);
  SALTUS_DNN(cudnnSetTensor4dDescriptor, made, CUDNN_TENSOR_NHWC, type, rows, channels,
             extent.height, extent.width);
  return made;
}

/// The first algorithm that works is the quickest.
template <class Performance>
Performance best_of(const std::array<Performance, 8>& found, int count) {
  for (int i = 0; i < count; ++i)
    if (found[static_cast<std::size_t>(i)].status == CUDNN_STATUS_SUCCESS)
      return found[static_cast<std::size_t>(i)];
  throw std::runtime_error("no algorithm");
}

class Convolution {
 public:
  explicit Convolution(const Layer& layer) : layer_(layer) {
    const kernels::Window& w = layer.window;
    const auto type = layer.precision == Precision::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
    x_ = tensor(type, layer.rows, w.image, w.channels_in);
    y_ = tensor(type, layer.rows, w.output, w.channels_out);
    SALTUS_DNN(cudnnCreateFilterDescriptor, &w_);
    SALTUS_DNN(cudnnSetFilter4dDescriptor, w_, type, CUDNN_TENSOR_NHWC, w.channels_out,
               w.channels_in, w.size.height, w.size.width);
    SALTUS_DNN(cudnnCreateConvolutionDescriptor, &convolution_);
    SALTUS_DNN(cudnnSetConvolution2dDescriptor, convolution_, w.padding.height, w.padding.width,
               w.strides.height, w.strides.width, 1, 1, CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT);
    set_math(layer.precision == Precision::fp32 ? CUDNN_FMA_MATH : CUDNN_TENSOR_OP_MATH);
    workspace_ = memory_.zeros<std::uint8_t>(1, kWorkspace).data;
    choose();
  }

  void start(int set) const {
    for (int trial = 0; trial < layer_.trials; ++trial) {
      const Operands& o = layer_.sets[static_cast<std::size_t>(set)];
      void* const a = o.a.of(trial);
      void* const b = o.b.of(trial);
      void* const out = o.out.of(trial);
      switch (layer_.pass) {
        case Pass::forward:
          SALTUS_DNN(cudnnConvolutionForward, handle(), &kOne, x_, a, w_, b, convolution_, forward_,
                     workspace_, kWorkspace, &kNone, y_, out);
          break;
        case Pass::backward_data:
          SALTUS_DNN(cudnnConvolutionBackwardData, handle(), &kOne, w_, b, y_, a, convolution_,
                     backward_data_, workspace_, kWorkspace, &kNone, x_, out);
          break;
        case Pass::backward_filter:
          SALTUS_DNN(cudnnConvolutionBackwardFilter, handle(), &kOne, x_, a, y_, b, convolution_,
                     backward_filter_, workspace_, kWorkspace, &kNone, w_, out);
          break;
      }
    }
  }

 private:
  void set_math(cudnnMathType_t math) {
    SALTUS_DNN(cudnnSetConvolutionMathType, convolution_, math);
  }

  /// The algorithm and the kind of arithmetic with which it was measured.
  void choose() {
    const Operands& o = layer_.sets[0];
    int count = 0;
    const auto take = [&](const auto& found, auto& algorithm) {
      const auto best = best_of(found, count);
      algorithm = best.algo;
      set_math(best.mathType);
    };
    if (layer_.pass == Pass::forward) {
      std::array<cudnnConvolutionFwdAlgoPerf_t, 8> found = {};
      SALTUS_DNN(cudnnFindConvolutionForwardAlgorithmEx, handle(), x_, o.a.data, w_, o.b.data,
                 convolution_, y_, o.out.data, 8, &count, found.data(), workspace_, kWorkspace);
      take(found, forward_);
    } else if (layer_.pass == Pass::backward_data) {
      std::array<cudnnConvolutionBwdDataAlgoPerf_t, 8> found = {};
      SALTUS_DNN(cudnnFindConvolutionBackwardDataAlgorithmEx, handle(), w_, o.b.data, y_, o.a.data,
                 convolution_, x_, o.out.data, 8, &count, found.data(), workspace_, kWorkspace);
      take(found, backward_data_);
    } else {
      std::array<cudnnConvolutionBwdFilterAlgoPerf_t, 8> found = {};
      SALTUS_DNN(cudnnFindConvolutionBackwardFilterAlgorithmEx, handle(), x_, o.a.data, y_,
                 o.b.data, convolution_, w_, o.out.data, 8, &count, found.data(), workspace_,
                 kWorkspace);
      take(found, backward_filter_);
    }
  }

  Layer layer_;
  Arena memory_;
  void* workspace_ = nullptr;
  cudnnTensorDescriptor_t x_ = nullptr, y_ = nullptr;
  cudnnFilterDescriptor_t w_ = nullptr;
  cudnnConvolutionDescriptor_t convolution_ = nullptr;
  cudnnConvolutionFwdAlgo_t forward_ = {};
  cudnnConvolutionBwdDataAlgo_t backward_data_ = {};
  cudnnConvolutionBwdFilterAlgo_t backward_filter_ = {};
};

std::string name_with_version() {
  const std::size_t version = SALTUS_OF(library(), cudnnGetVersion)();
  return "cuDNN " + std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100);
}

/// A contestant of what make() gives: a function of the set.
template <class Make>
Contestant contestant(const Make& make, const char* note) {
  try {
    const auto start = make();
    return {name_with_version(), [start](int set, cudaStream_t /*the handle's*/) { start(set); },
            note};
  } catch (const std::runtime_error& error) {
    return {"cuDNN", nullptr, error.what()};
  }
}

}  // namespace

Contestant cudnn_convolution(const Layer& layer) {
  const auto make = [&] {
    return
        [convolution = std::make_shared<Convolution>(layer)](int set) { convolution->start(set); };
  };
  const bool rounds_gradient =
      layer.precision == Precision::bf16 && layer.pass == Pass::backward_filter;
  return contestant(make, rounds_gradient ? "its gradient is bf16, ours fp32" : "");
}

Contestant cudnn_max_pool(const kernels::Window& window, int rows, int trials, bool backward,
                          std::vector<PoolOperands> sets) {
  const auto make = [&] {
    const auto x = tensor(CUDNN_DATA_FLOAT, rows, window.image, window.channels_in);
    const auto y = tensor(CUDNN_DATA_FLOAT, rows, window.output, window.channels_in);
    cudnnPoolingDescriptor_t pool = nullptr;
    SALTUS_DNN(cudnnCreatePoolingDescriptor, &pool);
    SALTUS_DNN(cudnnSetPooling2dDescriptor, pool, CUDNN_POOLING_MAX_DETERMINISTIC,
               CUDNN_PROPAGATE_NAN, window.size.height, window.size.width, window.padding.height,
               window.padding.width, window.strides.height, window.strides.width);
    return [=](int set) {
      const PoolOperands& o = sets[static_cast<std::size_t>(set)];
      for (int trial = 0; trial < trials; ++trial)
        if (backward)
          SALTUS_DNN(cudnnPoolingBackward, handle(), pool, &kOne, y, o.y.of(trial), y,
                     o.dy.of(trial), x, o.x.of(trial), &kNone, x, o.dx.of(trial));
        else
          SALTUS_DNN(cudnnPoolingForward, handle(), pool, &kOne, x, o.x.of(trial), &kNone, y,
                     o.y.of(trial));
    };
  };
  return contestant(make, backward ? "reads x and y instead of an index" : "stores no index");
}

Contestant cudnn_softmax(int vectors, int channels, int trials, bool backward,
                         std::vector<Operands> sets) {
  const auto make = [&] {
    const auto shape = tensor(CUDNN_DATA_FLOAT, vectors, {1, 1}, channels);
    return [=](int set) {
      const Operands& o = sets[static_cast<std::size_t>(set)];
      for (int trial = 0; trial < trials; ++trial)
        if (backward)
          SALTUS_DNN(cudnnSoftmaxBackward, handle(), CUDNN_SOFTMAX_ACCURATE,
                     CUDNN_SOFTMAX_MODE_CHANNEL, &kOne, shape, o.a.of(trial), shape, o.b.of(trial),
                     &kNone, shape, o.out.of(trial));
        else
          SALTUS_DNN(cudnnSoftmaxForward, handle(), CUDNN_SOFTMAX_ACCURATE,
                     CUDNN_SOFTMAX_MODE_CHANNEL, &kOne, shape, o.a.of(trial), &kNone, shape,
                     o.out.of(trial));
    };
  };
  return contestant(make, "");
}

}  // namespace saltus::bench

#endif
