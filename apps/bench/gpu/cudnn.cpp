// cuDNN's pooling and softmax, which the backend does not use. Descriptors are never destroyed:
// they are few and small.
#if defined(SALTUS_HAS_CUDNN)
#include <cudnn.h>

#include "arena.h"
#include "backend/cuda/libraries/library.h"
#include "peers.h"

namespace saltus::bench {
namespace {

constexpr float kOne = 1;
constexpr float kNone = 0;

constexpr const char* kFile = "libcudnn.so.9";

const cuda::Library& library() {
  static const cuda::Library loaded(kFile);
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

/// A contestant of what make() gives: a function of the set.
template <class Make>
Contestant contestant(const Make& make, const char* note) {
  try {
    const auto start = make();
    return {name_with_version("cuDNN", kFile, "cudnnGetVersion"),
            [start](int set, cudaStream_t /*the handle's*/) { start(set); }, note};
  } catch (const std::runtime_error& error) {
    return {"cuDNN", nullptr, error.what()};
  }
}

}  // namespace

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
                         std::vector<SoftmaxOperands> sets) {
  const auto make = [&] {
    const auto shape = tensor(CUDNN_DATA_FLOAT, vectors, {1, 1}, channels);
    return [=](int set) {
      const SoftmaxOperands& o = sets[static_cast<std::size_t>(set)];
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
