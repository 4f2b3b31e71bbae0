#include <cstring>

#include "tests/emulation/api/api.h"
#include "tests/emulation/api/call.h"
#include "tests/emulation/api/stream.h"
#include "tests/emulation/control.h"
#include "tests/emulation/memory/device_memory.h"

namespace saltus::emulation {
namespace {

Range range(const void* begin, std::size_t bytes) {
  return {static_cast<const std::byte*>(begin), bytes};
}

/// Opens device memory to the runtime itself.
class OpenDeviceMemory {
 public:
  OpenDeviceMemory() {
    if (installed_hooks != nullptr) installed_hooks->device_memory_opens();
  }
  ~OpenDeviceMemory() {
    if (installed_hooks != nullptr) installed_hooks->device_memory_closes();
  }
  OpenDeviceMemory(const OpenDeviceMemory&) = delete;
  OpenDeviceMemory& operator=(const OpenDeviceMemory&) = delete;
};

void copy(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  const OpenDeviceMemory open;
  std::memcpy(target, source, bytes);
  if (installed_hooks == nullptr) return;
  if (kind == cudaMemcpyHostToDevice) installed_hooks->initialised(range(target, bytes));
  if (kind == cudaMemcpyDeviceToDevice)
    installed_hooks->copied(range(target, bytes), range(source, bytes));
}

/// The direction by where the pointers point; cudaMemcpyDefault where that is not possible.
cudaMemcpyKind direction(const void* target, const void* source, std::size_t bytes) {
  const bool to_device = device_memory().holds(target, bytes);
  const bool from_device = device_memory().holds(source, bytes);
  if (to_device) return from_device ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
  return from_device ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
}

}  // namespace

std::vector<std::string> leaks() {
  return device_memory().list();
}

}  // namespace saltus::emulation

using namespace saltus::emulation;  // NOLINT(google-build-using-namespace)

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return api_call("cudaMalloc", [&] {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    *pointer = bytes == 0 ? nullptr : device_memory().allocate(bytes);
    return bytes != 0 && *pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
  });
}

cudaError_t cudaFree(void* pointer) {
  return api_call("cudaFree", [&] {
    if (pointer == nullptr || device_memory().free(pointer)) return cudaSuccess;
    return cudaErrorInvalidValue;
  });
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes,
                            cudaMemcpyKind kind, cudaStream_t stream) {
  return api_call("cudaMemcpyAsync", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaSuccess;
    if (target == nullptr || source == nullptr) return cudaErrorInvalidValue;
    const cudaMemcpyKind actual = direction(target, source, bytes);
    if (kind != cudaMemcpyDefault && kind != actual) return cudaErrorInvalidValue;
    enqueue(stream, [=] { copy(target, source, bytes, actual); });
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* target, int value, std::size_t bytes, cudaStream_t stream) {
  return api_call("cudaMemsetAsync", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaSuccess;
    if (!device_memory().holds(target, bytes)) return cudaErrorInvalidValue;
    enqueue(stream, [=] {
      const OpenDeviceMemory open;
      std::memset(target, value, bytes);
      if (installed_hooks != nullptr) installed_hooks->initialised(range(target, bytes));
    });
    return cudaSuccess;
  });
}
