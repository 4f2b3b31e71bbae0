#include "backend/cuda/handles.h"

#include <fmt/format.h>

namespace saltus::cuda {

Stream make_stream() {
  cudaStream_t stream = nullptr;
  SALTUS_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

Event make_event() {
  cudaEvent_t event = nullptr;
  SALTUS_CUDA_CHECK(cudaEventCreate(&event));
  return Event(event);
}

DeviceMemory allocate(std::int64_t bytes, std::string_view purpose) {
  void* memory = nullptr;
  if (bytes == 0) return {};
  const cudaError_t code = cudaMalloc(&memory, static_cast<std::size_t>(bytes));
  if (code == cudaErrorMemoryAllocation) {
    cudaGetLastError();  // or the next launch would report it again
    throw OutOfMemory(fmt::format(
        "the device has no room for {}: cudaMalloc of {} bytes failed; run fewer trials side by "
        "side, smaller batches or fewer samples",
        purpose, bytes));
  }
  guarded([&] { kernels::check(code, "cudaMalloc", __FILE__, __LINE__); });
  return DeviceMemory(memory);
}

PinnedMemory allocate_pinned(std::int64_t bytes) {
  void* memory = nullptr;
  if (bytes == 0) return {};
  SALTUS_CUDA_CHECK(cudaMallocHost(&memory, static_cast<std::size_t>(bytes)));
  return PinnedMemory(memory);
}

Capture::Capture(cudaStream_t stream) : stream_(stream) {
  SALTUS_CUDA_CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
}

Capture::~Capture() {
  if (stream_ == nullptr) return;
  cudaGraph_t graph = nullptr;
  static_cast<void>(cudaStreamEndCapture(stream_, &graph));
  const Graph given_back(graph);
}

GraphExec Capture::finish() {
  cudaGraph_t captured = nullptr;
  const cudaError_t code = cudaStreamEndCapture(std::exchange(stream_, nullptr), &captured);
  const Graph graph(captured);
  guarded([&] { kernels::check(code, "cudaStreamEndCapture", __FILE__, __LINE__); });
  cudaGraphExec_t executable = nullptr;
  SALTUS_CUDA_CHECK(cudaGraphInstantiate(&executable, graph.get(), 0));
  return GraphExec(executable);
}

}  // namespace saltus::cuda
