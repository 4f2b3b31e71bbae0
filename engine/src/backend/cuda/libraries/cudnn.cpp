// Convolutions by cuDNN's graphs of operations, one call for each trial.
#include <stdexcept>

#include <fmt/format.h>

#include <saltus/error.h>

#include "backend/cuda/libraries/multiplier.h"

#if defined(SALTUS_HAS_CUDNN)
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <cudnn.h>

#include "backend/cuda/libraries/library.h"
#include "backend/cuda/libraries/made.h"

namespace saltus::cuda {
namespace {

constexpr const char* kCudnn = "libcudnn.so.9";
constexpr std::int64_t kAlignment = 16;  // bytes; more than this no engine asks for

using Handle = Made<cudnnHandle_t, cudnnStatus_t>;
using Descriptor = Made<cudnnBackendDescriptor_t, cudnnStatus_t>;

/// Numbers by which an operation's tensors are told apart.
enum TensorNumber : std::int64_t { kImages = 1, kWeights = 2, kOutputs = 3 };

/// cuDNN's functions; those that fail throw DeviceError.
class Api {
 public:
  Api() : library_(kCudnn) {}

  const Library& library() const { return library_; }

  void check(cudnnStatus_t status, const char* call, int line) const {
    if (status == CUDNN_STATUS_SUCCESS) return;
    throw DeviceError(fmt::format("{}:{}: {}: {}", __FILE__, line, call,
                                  SALTUS_OF(library_, cudnnGetErrorString)(status)));
  }

#define SALTUS_DNN(api, name, ...) \
  (api).check(SALTUS_OF((api).library(), name)(__VA_ARGS__), #name, __LINE__)

  Descriptor make(cudnnBackendDescriptorType_t type) const {
    cudnnBackendDescriptor_t made = nullptr;
    SALTUS_DNN(*this, cudnnBackendCreateDescriptor, type, &made);
    return Descriptor(made, {SALTUS_OF(library_, cudnnBackendDestroyDescriptor)});
  }
  void finalize(const Descriptor& descriptor) const {
    SALTUS_DNN(*this, cudnnBackendFinalize, descriptor.get());
  }

  void set(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
           cudnnBackendAttributeType_t type, const auto& values) const {
    SALTUS_DNN(*this, cudnnBackendSetAttribute, descriptor.get(), name, type,
               static_cast<std::int64_t>(std::size(values)), std::data(values));
  }
  void set_one(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
               cudnnBackendAttributeType_t type, const auto& value) const {
    SALTUS_DNN(*this, cudnnBackendSetAttribute, descriptor.get(), name, type, 1, &value);
  }
  void set_descriptor(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
                      const Descriptor& value) const {
    const cudnnBackendDescriptor_t raw = value.get();
    set_one(descriptor, name, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw);
  }

  /// How many values there are, up to as many as `values` has room for; all of them where that is
  /// none.
  std::size_t get(const Descriptor& descriptor, cudnnBackendAttributeName_t name,
                  cudnnBackendAttributeType_t type, auto&& values) const {
    std::int64_t count = 0;
    SALTUS_DNN(*this, cudnnBackendGetAttribute, descriptor.get(), name, type,
               static_cast<std::int64_t>(std::size(values)), &count, std::data(values));
    return static_cast<std::size_t>(count);
  }

 private:
  Library library_;
};

cudnnDataType_t cudnn_type_of(const Array& array) {
  return array.type == plan::DType::bf16 ? CUDNN_DATA_BFLOAT16 : CUDNN_DATA_FLOAT;
}

/// Rows of images of so many channels, or weights of so many filters: cuDNN names the axes in the
/// order NCHW, whichever lies how.
Descriptor tensor(const Api& api, std::int64_t number, cudnnDataType_t type, std::int64_t count,
                  std::int64_t channels, const kernels::Extent& extent) {
  const std::int64_t row = extent.width * channels;
  const std::array<std::int64_t, 4> dimensions = {count, channels, extent.height, extent.width};
  const std::array<std::int64_t, 4> strides = {extent.height * row, 1, row, channels};
  Descriptor made = api.make(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  api.set_one(made, CUDNN_ATTR_TENSOR_UNIQUE_ID, CUDNN_TYPE_INT64, number);
  api.set_one(made, CUDNN_ATTR_TENSOR_DATA_TYPE, CUDNN_TYPE_DATA_TYPE, type);
  api.set_one(made, CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, CUDNN_TYPE_INT64, kAlignment);
  api.set(made, CUDNN_ATTR_TENSOR_DIMENSIONS, CUDNN_TYPE_INT64, dimensions);
  api.set(made, CUDNN_ATTR_TENSOR_STRIDES, CUDNN_TYPE_INT64, strides);
  api.finalize(made);
  return made;
}

/// Where windows reach beyond the last row or column; where they do not come so far, nothing.
std::int64_t padding_after(int image, int output, int size, int stride, int before) {
  return std::max(0, (output - 1) * stride + size - before - image);
}

Descriptor convolution(const Api& api, const kernels::Window& w) {
  using Pair = std::array<std::int64_t, 2>;
  const Pair after = {
      padding_after(w.image.height, w.output.height, w.size.height, w.strides.height,
                    w.padding.height),
      padding_after(w.image.width, w.output.width, w.size.width, w.strides.width, w.padding.width)};
  Descriptor made = api.make(CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR);
  api.set_one(made, CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, CUDNN_TYPE_INT64, std::int64_t{2});
  api.set_one(made, CUDNN_ATTR_CONVOLUTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, CUDNN_DATA_FLOAT);
  api.set_one(made, CUDNN_ATTR_CONVOLUTION_CONV_MODE, CUDNN_TYPE_CONVOLUTION_MODE,
              CUDNN_CROSS_CORRELATION);
  api.set(made, CUDNN_ATTR_CONVOLUTION_DILATIONS, CUDNN_TYPE_INT64, Pair{1, 1});
  api.set(made, CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, CUDNN_TYPE_INT64,
          Pair{w.strides.height, w.strides.width});
  api.set(made, CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, CUDNN_TYPE_INT64,
          Pair{w.padding.height, w.padding.width});
  api.set(made, CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, CUDNN_TYPE_INT64, after);
  api.finalize(made);
  return made;
}

/// The names of one pass's parts.
struct Names {
  cudnnBackendDescriptorType_t operation;
  cudnnBackendAttributeName_t convolution, images, weights, outputs, alpha, beta;
};

Names names_of(ProductKind kind) {
  switch (kind) {
    case ProductKind::forward:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA};
    case ProductKind::backward_data:
      return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA};
    case ProductKind::backward_filter:
      break;
  }
  return {CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
          CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA};
}

/// The arrays of a problem by the part that they take in all passes: images, weights, outputs.
struct Parts {
  const Array& images;
  const Array& weights;
  const Array& outputs;
};

Parts parts_of(const Problem& p) {
  switch (p.kind) {
    case ProductKind::forward:
      return {p.a, p.b, p.out};
    case ProductKind::backward_data:
      return {p.out, p.b, p.a};
    case ProductKind::backward_filter:
      break;
  }
  return {p.a, p.out, p.b};
}

/// The one operation of a problem as a graph. It refers to the descriptors that it is made of.
struct Graph {
  Descriptor images, weights, outputs, convolution, operation, graph;
};

Graph graph_of(const Api& api, cudnnHandle_t handle, const Problem& problem) {
  const kernels::Window& w = problem.window;
  const Parts parts = parts_of(problem);
  const Names names = names_of(problem.kind);
  Graph g;
  g.images =
      tensor(api, kImages, cudnn_type_of(parts.images), problem.rows, w.channels_in, w.image);
  g.weights =
      tensor(api, kWeights, cudnn_type_of(parts.weights), w.channels_out, w.channels_in, w.size);
  g.outputs =
      tensor(api, kOutputs, cudnn_type_of(parts.outputs), problem.rows, w.channels_out, w.output);
  g.convolution = convolution(api, w);
  g.operation = api.make(names.operation);
  api.set_descriptor(g.operation, names.convolution, g.convolution);
  api.set_descriptor(g.operation, names.images, g.images);
  api.set_descriptor(g.operation, names.weights, g.weights);
  api.set_descriptor(g.operation, names.outputs, g.outputs);
  api.set_one(g.operation, names.alpha, CUDNN_TYPE_FLOAT, 1.0F);
  api.set_one(g.operation, names.beta, CUDNN_TYPE_FLOAT, 0.0F);
  api.finalize(g.operation);
  g.graph = api.make(CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR);
  api.set_one(g.graph, CUDNN_ATTR_OPERATIONGRAPH_HANDLE, CUDNN_TYPE_HANDLE, handle);
  api.set_descriptor(g.graph, CUDNN_ATTR_OPERATIONGRAPH_OPS, g.operation);
  api.finalize(g.graph);
  return g;
}

/// What the heuristics suggest, the best first.
std::vector<Descriptor> suggestions(const Api& api, const Graph& graph,
                                    cudnnBackendHeurMode_t mode) {
  const Descriptor heuristics = api.make(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
  api.set_descriptor(heuristics, CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.graph);
  api.set_one(heuristics, CUDNN_ATTR_ENGINEHEUR_MODE, CUDNN_TYPE_HEUR_MODE, mode);
  api.finalize(heuristics);
  std::vector<Descriptor> made;
  std::vector<cudnnBackendDescriptor_t> raw;
  const auto get = [&] {
    return api.get(heuristics, CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw);
  };
  for (std::size_t count = get(); count > 0; --count) {
    made.push_back(api.make(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR));
    raw.push_back(made.back().get());
  }
  if (!raw.empty()) made.resize(std::min(made.size(), get()));
  return made;
}

/// Whether an engine gives the same bits each time and rounds nothing that the precision does not.
bool is_allowed(const Api& api, const Descriptor& configuration, Precision precision) {
  const Descriptor engine = api.make(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
  std::array<cudnnBackendDescriptor_t, 1> raw = {engine.get()};
  api.get(configuration, CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_TYPE_BACKEND_DESCRIPTOR, raw);
  std::array<cudnnBackendNumericalNote_t, CUDNN_NUMERICAL_NOTE_TYPE_COUNT> notes = {};
  const std::size_t count =
      api.get(engine, CUDNN_ATTR_ENGINE_NUMERICAL_NOTE, CUDNN_TYPE_NUMERICAL_NOTE, notes);
  const std::span<const cudnnBackendNumericalNote_t> said = std::span(notes).first(count);
  return std::none_of(said.begin(), said.end(), [&](cudnnBackendNumericalNote_t note) {
    return note == CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC ||
           note == CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS ||
           note == CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION ||
           (note == CUDNN_NUMERICAL_NOTE_TENSOR_CORE && precision == Precision::fp32);
  });
}

class Convolution : public Multiplication {
 public:
  Convolution(std::shared_ptr<const Api> api, cudnnHandle_t handle, Precision precision,
              const Problem& problem)
      : api_(std::move(api)), handle_(handle), graph_(graph_of(*api_, handle, problem)) {
    std::string reason = "there is none";
    for (const auto mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK}) {
      for (Descriptor& configuration : suggestions(*api_, graph_, mode)) {
        if (!is_allowed(*api_, configuration, precision)) continue;
        configuration_ = std::move(configuration);
        if (make_plan(reason)) return;
      }
    }
    const kernels::Window& w = problem.window;
    throw DeviceError(fmt::format(
        "cuDNN has no engine that gives the same bits each time for a {} x {} convolution of {} to "
        "{} channels in {} ({}); leave conv cudnn away",
        w.size.height, w.size.width, w.channels_in, w.channels_out, to_string(precision), reason));
  }

  void start(const Problem& problem, void* room, cudaStream_t stream) const override {
    SALTUS_DNN(*api_, cudnnSetStream, handle_, stream);
    const Parts parts = parts_of(problem);
    constexpr std::array<std::int64_t, 3> kNumbers = {kImages, kWeights, kOutputs};
    for (int trial = 0; trial < problem.trials; ++trial) {
      const std::array<void*, 3> arrays = {parts.images.of(trial), parts.weights.of(trial),
                                           parts.outputs.of(trial)};
      const Descriptor pack = api_->make(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
      api_->set(pack, CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, CUDNN_TYPE_INT64, kNumbers);
      api_->set(pack, CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, CUDNN_TYPE_VOID_PTR, arrays);
      api_->set_one(pack, CUDNN_ATTR_VARIANT_PACK_WORKSPACE, CUDNN_TYPE_VOID_PTR, room);
      api_->finalize(pack);
      SALTUS_DNN(*api_, cudnnBackendExecute, handle_, plan_.get(), pack.get());
    }
  }

 private:
  /// Some engines turn out not to support a problem when a plan is made, and the next one may.
  bool make_plan(std::string& reason) {
    plan_ = api_->make(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    api_->set_one(plan_, CUDNN_ATTR_EXECUTION_PLAN_HANDLE, CUDNN_TYPE_HANDLE, handle_);
    api_->set_descriptor(plan_, CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration_);
    try {
      api_->finalize(plan_);
    } catch (const DeviceError& error) {
      reason = error.what();
      return false;
    }
    std::array<std::int64_t, 1> room = {};
    api_->get(plan_, CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE, CUDNN_TYPE_INT64, room);
    if (room[0] <= Multiplier::kRoom) return true;
    reason = fmt::format("one wants {} bytes of workspace", room[0]);
    return false;
  }

  std::shared_ptr<const Api> api_;
  cudnnHandle_t handle_;
  Graph graph_;
  Descriptor configuration_;
  Descriptor plan_;
};

class Cudnn : public Multiplier {
 public:
  explicit Cudnn(Precision precision)
      : precision_(precision), api_(std::make_shared<const Api>()), handle_(make_handle()) {}

  std::unique_ptr<Multiplication> plan(const Problem& problem) override {
    return std::make_unique<Convolution>(api_, handle_.get(), precision_, problem);
  }
  bool turns_weights() const override { return true; }
  /// Not every engine gives floats for bf16.
  plan::DType result(plan::DType /*wanted*/, plan::DType operands) const override {
    return operands;
  }

 private:
  Handle make_handle() const {
    cudnnHandle_t made = nullptr;
    SALTUS_DNN(*api_, cudnnCreate, &made);
    return Handle(made, {SALTUS_OF(api_->library(), cudnnDestroy)});
  }

  Precision precision_;
  std::shared_ptr<const Api> api_;
  Handle handle_;
};

}  // namespace

std::shared_ptr<Multiplier> load_cudnn(Precision precision) {
  try {
    return std::make_shared<Cudnn>(precision);
  } catch (const DeviceError&) {
    throw;
  } catch (const std::runtime_error& error) {
    throw DeviceError(fmt::format(
        "conv cudnn needs cuDNN 9, which cannot be loaded ({}): install cudnn9-cuda-13 or pip's "
        "nvidia-cudnn-cu13 and put its folder on LD_LIBRARY_PATH, or leave conv away",
        error.what()));
  }
}

}  // namespace saltus::cuda

#else

namespace saltus::cuda {

std::shared_ptr<Multiplier> load_cudnn(Precision /*precision*/) {
  throw DeviceError(
      "this build of saltus has no cuDNN: build it where cudnn.h is installed, or leave conv away");
}

}  // namespace saltus::cuda

#endif
