#include <array>
#include <cstring>
#include <vector>

#include <cudnn.h>

#include "tests/engine/cuda/stand_ins/elements.h"
#include "tests/engine/cuda/stand_ins/stand_ins.h"

// NOLINTNEXTLINE(readability-identifier-naming): cuDNN's name
struct cudnnContext {
  cudaStream_t stream = nullptr;
};

namespace saltus::tests {
namespace {

/// What an engine is. All but the last are to be left out, at least of fp32.
enum Engine : int {
  kNondeterministic,  ///< these three give nothing that could be used
  kDownConverts,
  kRounds,
  kTensorCore,      ///< rounds factors to tf32
  kUnsupported,     ///< no plan can be made of it
  kWantsWorkspace,  ///< more than there is
  kPlain
};

using Note = cudnnBackendNumericalNote_t;

std::vector<Note> notes_of(int engine) {
  switch (engine) {
    case kNondeterministic:
      return {CUDNN_NUMERICAL_NOTE_STRICT_NAN_PROP, CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC};
    case kDownConverts:
      return {CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS};
    case kRounds:
      return {CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION};
    case kTensorCore:
      return {CUDNN_NUMERICAL_NOTE_TENSOR_CORE};
    default:
      return {};
  }
}

constexpr std::int64_t kWorkspace = 1000;  // bytes, of an engine that can be used

/// A descriptor of whichever type: its attributes' bytes.
struct Descriptor {
  cudnnBackendDescriptorType_t type;
  bool finalized = false;
  int engine = kPlain;                     ///< of engines and configurations
  const Descriptor* operations = nullptr;  ///< of configurations: the graph
  std::map<int, std::vector<std::byte>> attributes = {};

  bool has(int name) const { return attributes.contains(name); }
  template <class T>
  std::vector<T> all(int name) const {
    const std::vector<std::byte>& bytes = attributes.at(name);
    std::vector<T> values(bytes.size() / sizeof(T));
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  template <class T>
  T one(int name) const {
    return all<T>(name).at(0);
  }
  const Descriptor& descriptor(int name) const {
    return *static_cast<const Descriptor*>(one<void*>(name));
  }
};

Descriptor& of(cudnnBackendDescriptor_t descriptor) {
  return *static_cast<Descriptor*>(descriptor);
}

std::size_t size_of(cudnnBackendAttributeType_t type) {
  switch (type) {
    case CUDNN_TYPE_INT64:
    case CUDNN_TYPE_HANDLE:
    case CUDNN_TYPE_VOID_PTR:
    case CUDNN_TYPE_BACKEND_DESCRIPTOR:
      return 8;
    default:
      return 4;
  }
}

/// Four axes in cuDNN's order: count, channels, height, width.
struct Tensor {
  std::array<std::int64_t, 4> size = {};
  std::array<std::int64_t, 4> stride = {};
  std::int64_t number, alignment;
  Elements elements;

  explicit Tensor(const Descriptor& from)
      : number(from.one<std::int64_t>(CUDNN_ATTR_TENSOR_UNIQUE_ID)),
        alignment(from.one<std::int64_t>(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT)) {
    const auto sizes = from.all<std::int64_t>(CUDNN_ATTR_TENSOR_DIMENSIONS);
    const auto strides = from.all<std::int64_t>(CUDNN_ATTR_TENSOR_STRIDES);
    std::copy(sizes.begin(), sizes.end(), size.begin());
    std::copy(strides.begin(), strides.end(), stride.begin());
    elements.halves = from.one<cudnnDataType_t>(CUDNN_ATTR_TENSOR_DATA_TYPE) == CUDNN_DATA_BFLOAT16;
  }
  std::int64_t place(std::int64_t n, std::int64_t c, std::int64_t y, std::int64_t x) const {
    return n * stride[0] + c * stride[1] + y * stride[2] + x * stride[3];
  }
};

/// The names of an operation's attributes, in the order in which their numbers go on.
struct Names {
  int alpha, beta, convolution, w, x, y;
};

Names names_of(cudnnBackendDescriptorType_t operation) {
  switch (operation) {
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y};
    case CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY};
    default:
      return {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
              CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY};
  }
}

/// An operation, read from its descriptors.
struct Operation {
  cudnnBackendDescriptorType_t type;
  Tensor x, w, y;
  std::vector<std::int64_t> before, after, strides;
  bool scales;  ///< or adds to what is there, or correlates not

  explicit Operation(const Descriptor& from)
      : type(from.type),
        x(from.descriptor(names_of(type).x)),
        w(from.descriptor(names_of(type).w)),
        y(from.descriptor(names_of(type).y)) {
    const Names names = names_of(type);
    const Descriptor& convolution = from.descriptor(names.convolution);
    before = convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS);
    after = convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_POST_PADDINGS);
    strides = convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES);
    scales = from.one<float>(names.alpha) != 1 || from.one<float>(names.beta) != 0 ||
             convolution.one<cudnnConvolutionMode_t>(CUDNN_ATTR_CONVOLUTION_CONV_MODE) !=
                 CUDNN_CROSS_CORRELATION ||
             convolution.all<std::int64_t>(CUDNN_ATTR_CONVOLUTION_DILATIONS) !=
                 std::vector<std::int64_t>{1, 1};
  }

  /// The outputs must be as many as images, windows, padding and strides make.
  bool fits() const {
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const std::int64_t room = x.size[axis + 2] + before[axis] + after[axis] - w.size[axis + 2];
      if (after[axis] < 0 || room / strides[axis] + 1 != y.size[axis + 2]) return false;
    }
    return !scales && x.size[0] == y.size[0] && x.size[1] == w.size[1] && w.size[0] == y.size[1];
  }

  /// Calls visit(place in x, in w, in y) for every product of the convolution.
  template <class Visit>
  void for_each_product(Visit visit) const {
    for (std::int64_t n = 0; n < y.size[0]; ++n)
      for (std::int64_t k = 0; k < y.size[1]; ++k)
        for (std::int64_t v = 0; v < y.size[2]; ++v)
          for (std::int64_t u = 0; u < y.size[3]; ++u)
            for (std::int64_t c = 0; c < x.size[1]; ++c)
              for (std::int64_t r = 0; r < w.size[2]; ++r)
                for (std::int64_t s = 0; s < w.size[3]; ++s) {
                  const std::int64_t row = v * strides[0] - before[0] + r;
                  const std::int64_t column = u * strides[1] - before[1] + s;
                  if (row < 0 || row >= x.size[2] || column < 0 || column >= x.size[3]) continue;
                  visit(x.place(n, c, row, column), w.place(k, c, r, s), y.place(n, k, v, u));
                }
  }

  void run(int engine) const {
    const bool forward = type == CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR;
    const bool data = type == CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR;
    const Tensor& out = forward ? y : data ? x : w;
    std::vector<float> sums(
        static_cast<std::size_t>(out.size[0] * out.size[1] * out.size[2] * out.size[3]));
    const auto factor = [&](float value) {
      return engine == kTensorCore ? rounded_to_tf32(value) : value;
    };
    for_each_product([&](std::int64_t in_x, std::int64_t in_w, std::int64_t in_y) {
      const float a = factor(forward || !data ? x.elements.load(in_x) : y.elements.load(in_y));
      const float b = factor(forward || data ? w.elements.load(in_w) : y.elements.load(in_y));
      sums[static_cast<std::size_t>(forward ? in_y : data ? in_x : in_w)] += a * b;
    });
    for (std::size_t i = 0; i < sums.size(); ++i)
      out.elements.save(engine < kTensorCore ? -1e30F : sums[i], static_cast<std::int64_t>(i));
  }
};

cudnnStatus_t status(const char* name, bool works = true) {
  if (fails(name)) return CUDNN_STATUS_INTERNAL_ERROR;
  return works ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

/// What a mode of the heuristics suggests.
std::vector<int> suggested(const Descriptor& heuristics) {
  const auto mode = heuristics.one<cudnnBackendHeurMode_t>(CUDNN_ATTR_ENGINEHEUR_MODE);
  if (mode == CUDNN_HEUR_MODE_FALLBACK) return {kNondeterministic, kPlain};
  return {kNondeterministic, kDownConverts, kRounds, kTensorCore, kUnsupported, kWantsWorkspace};
}

}  // namespace
}  // namespace saltus::tests

using namespace saltus::tests;  // NOLINT(google-build-using-namespace)

// NOLINTBEGIN(readability-identifier-naming): cuDNN's names

std::size_t cudnnGetVersion() {
  return 90000;
}

const char* cudnnGetErrorString(cudnnStatus_t status) {
  switch (status) {
    case CUDNN_STATUS_BAD_PARAM:
      return "CUDNN_STATUS_BAD_PARAM";
    case CUDNN_STATUS_NOT_SUPPORTED:
      return "CUDNN_STATUS_NOT_SUPPORTED";
    default:
      return "CUDNN_STATUS_INTERNAL_ERROR";
  }
}

cudnnStatus_t cudnnCreate(cudnnHandle_t* handle) {
  if (fails("cudnnCreate")) return CUDNN_STATUS_INTERNAL_ERROR;
  *handle = new cudnnContext;
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnDestroy(cudnnHandle_t handle) {
  delete handle;
  return status("cudnnDestroy");
}
cudnnStatus_t cudnnSetStream(cudnnHandle_t handle, cudaStream_t stream) {
  if (fails("cudnnSetStream")) return CUDNN_STATUS_INTERNAL_ERROR;
  handle->stream = stream;
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendCreateDescriptor(cudnnBackendDescriptorType_t type,
                                           cudnnBackendDescriptor_t* descriptor) {
  if (fails("cudnnBackendCreateDescriptor")) return CUDNN_STATUS_INTERNAL_ERROR;
  *descriptor = new Descriptor{type};
  return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnBackendDestroyDescriptor(cudnnBackendDescriptor_t descriptor) {
  delete &of(descriptor);
  return status("cudnnBackendDestroyDescriptor");
}

cudnnStatus_t cudnnBackendFinalize(cudnnBackendDescriptor_t descriptor) {
  if (fails("cudnnBackendFinalize")) return CUDNN_STATUS_INTERNAL_ERROR;
  Descriptor& d = of(descriptor);
  d.finalized = true;
  if (d.type == CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR &&
      !Operation(d.descriptor(CUDNN_ATTR_OPERATIONGRAPH_OPS)).fits())
    return CUDNN_STATUS_BAD_PARAM;
  const bool unsupported =
      d.type == CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR &&
      d.descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine == kUnsupported;
  return unsupported ? CUDNN_STATUS_NOT_SUPPORTED : CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendSetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t type, std::int64_t count,
                                       const void* values) {
  if (fails("cudnnBackendSetAttribute")) return CUDNN_STATUS_INTERNAL_ERROR;
  if (of(descriptor).finalized) return CUDNN_STATUS_BAD_PARAM;
  if (type == CUDNN_TYPE_BACKEND_DESCRIPTOR) {
    const Descriptor& value = *static_cast<Descriptor* const*>(values)[0];
    if (!value.finalized) return CUDNN_STATUS_BAD_PARAM;
  }
  const auto* first = static_cast<const std::byte*>(values);
  const std::size_t bytes = static_cast<std::size_t>(count) * size_of(type);
  of(descriptor).attributes[name].assign(first, first + bytes);
  return CUDNN_STATUS_SUCCESS;
}

cudnnStatus_t cudnnBackendGetAttribute(cudnnBackendDescriptor_t descriptor,
                                       cudnnBackendAttributeName_t name,
                                       cudnnBackendAttributeType_t /*type*/, std::int64_t wanted,
                                       std::int64_t* count, void* values) {
  if (fails("cudnnBackendGetAttribute")) return CUDNN_STATUS_INTERNAL_ERROR;
  const Descriptor& from = of(descriptor);
  const auto descriptor_at = [&](std::size_t i) -> Descriptor& {
    return of(static_cast<cudnnBackendDescriptor_t*>(values)[i]);
  };
  const auto up_to_wanted = [&](std::size_t there) {
    *count = wanted == 0 ? static_cast<std::int64_t>(there)
                         : std::min(wanted, static_cast<std::int64_t>(there));
    return wanted == 0 ? 0 : static_cast<std::size_t>(*count);
  };
  switch (name) {
    case CUDNN_ATTR_ENGINEHEUR_RESULTS: {
      const std::vector<int> engines = suggested(from);
      const std::size_t given = up_to_wanted(engines.size());
      for (std::size_t i = 0; i < given; ++i) {
        descriptor_at(i).engine = engines[i];
        descriptor_at(i).finalized = true;
        descriptor_at(i).operations = &from.descriptor(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH);
      }
      return CUDNN_STATUS_SUCCESS;
    }
    case CUDNN_ATTR_ENGINECFG_ENGINE:
      *count = 1;
      descriptor_at(0).engine = from.engine;
      return CUDNN_STATUS_SUCCESS;
    case CUDNN_ATTR_ENGINE_NUMERICAL_NOTE: {
      const std::vector<Note> notes = notes_of(from.engine);
      std::copy_n(notes.begin(), up_to_wanted(notes.size()), static_cast<Note*>(values));
      return CUDNN_STATUS_SUCCESS;
    }
    case CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE: {
      const int engine = from.descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG).engine;
      *count = 1;
      *static_cast<std::int64_t*>(values) =
          engine == kWantsWorkspace ? std::int64_t{1} << 40 : kWorkspace;
      return CUDNN_STATUS_SUCCESS;
    }
    default:
      return CUDNN_STATUS_BAD_PARAM;
  }
}

cudnnStatus_t cudnnBackendExecute(cudnnHandle_t handle, cudnnBackendDescriptor_t plan,
                                  cudnnBackendDescriptor_t pack) {
  if (fails("cudnnBackendExecute")) return CUDNN_STATUS_INTERNAL_ERROR;
  const Descriptor& configuration = of(plan).descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG);
  Operation operation(configuration.operations->descriptor(CUDNN_ATTR_OPERATIONGRAPH_OPS));
  const auto numbers = of(pack).all<std::int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS);
  const auto arrays = of(pack).all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS);
  for (Tensor* tensor : {&operation.x, &operation.w, &operation.y}) {
    const auto found = std::find(numbers.begin(), numbers.end(), tensor->number);
    if (found == numbers.end()) return CUDNN_STATUS_BAD_PARAM;
    tensor->elements.data = arrays.at(static_cast<std::size_t>(found - numbers.begin()));
    if (reinterpret_cast<std::uintptr_t>(tensor->elements.data) %
            static_cast<std::uintptr_t>(tensor->alignment) !=
        0)
      return CUDNN_STATUS_BAD_PARAM;
  }
  void* const workspace = of(pack).one<void*>(CUDNN_ATTR_VARIANT_PACK_WORKSPACE);
  const auto run = [operation, workspace, engine = configuration.engine] {
    use_workspace(workspace, kWorkspace);
    operation.run(engine);
  };
  return put_into(handle->stream, run) ? CUDNN_STATUS_SUCCESS : CUDNN_STATUS_BAD_PARAM;
}

// NOLINTEND(readability-identifier-naming)

namespace saltus::tests {

std::map<std::string, void*> cudnn_functions() {
#define SALTUS_STAND_IN(name) \
  { #name, reinterpret_cast < void*>(&(name)) }
  return {SALTUS_STAND_IN(cudnnGetVersion),
          SALTUS_STAND_IN(cudnnGetErrorString),
          SALTUS_STAND_IN(cudnnCreate),
          SALTUS_STAND_IN(cudnnDestroy),
          SALTUS_STAND_IN(cudnnSetStream),
          SALTUS_STAND_IN(cudnnBackendCreateDescriptor),
          SALTUS_STAND_IN(cudnnBackendDestroyDescriptor),
          SALTUS_STAND_IN(cudnnBackendFinalize),
          SALTUS_STAND_IN(cudnnBackendSetAttribute),
          SALTUS_STAND_IN(cudnnBackendGetAttribute),
          SALTUS_STAND_IN(cudnnBackendExecute)};
#undef SALTUS_STAND_IN
}

}  // namespace saltus::tests
