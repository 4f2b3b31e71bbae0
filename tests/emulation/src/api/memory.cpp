#include <algorithm>
#include <cstring>
#include <iterator>
#include <map>
#include <new>

#include <emulation/api/api.h>
#include <emulation/control.h>

#include "api/call.h"
#include "api/stream.h"
#include "memory/device_memory.h"
#include "memory/open_device_memory.h"

namespace saltus::emulation {
namespace {

Range range(const void* begin, std::size_t bytes) {
  return {static_cast<const std::byte*>(begin), bytes};
}

void copy(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind) {
  const OpenDeviceMemory open;
  std::memcpy(target, source, bytes);
  if (installed_hooks == nullptr) return;
  if (kind == cudaMemcpyHostToDevice) installed_hooks->initialised(range(target, bytes));
  if (kind == cudaMemcpyDeviceToDevice)
    installed_hooks->copied(range(target, bytes), range(source, bytes));
}

std::map<const void*, std::size_t> pinned;  // bytes

bool is_pinned(const void* place, std::size_t bytes) {
  const auto next = pinned.upper_bound(place);
  if (next == pinned.begin()) return false;
  const auto& [begin, size] = *std::prev(next);
  return range(begin, size).contains(place, bytes);
}

/// Whether a graph may hold the copy: pageable memory may be gone when it runs.
bool capturable(const void* target, const void* source, std::size_t bytes) {
  return (device_memory().holds(target, bytes) || is_pinned(target, bytes)) &&
         (device_memory().holds(source, bytes) || is_pinned(source, bytes));
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
  std::vector<std::string> lines = device_memory().list();
  for (const auto& [pointer, bytes] : pinned)
    lines.push_back("pinned memory of " + std::to_string(bytes) + " bytes");
  return lines;
}

void set_capacity(std::size_t bytes) {
  device_memory().set_capacity(bytes);
}

}  // namespace saltus::emulation

using namespace saltus::emulation;  // NOLINT(google-build-using-namespace)

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return api_call("cudaMalloc", [&] {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    if (const cudaError_t refused = refuse_in_captures(); refused != cudaSuccess) return refused;
    *pointer = bytes == 0 ? nullptr : device_memory().allocate(bytes);
    return bytes != 0 && *pointer == nullptr ? cudaErrorMemoryAllocation : cudaSuccess;
  });
}

cudaError_t cudaFree(void* pointer) {
  return release_call("cudaFree", [&] {
    if (pointer == nullptr) return cudaSuccess;
    if (const cudaError_t refused = refuse_in_captures(); refused != cudaSuccess) return refused;
    finish_all();
    return device_memory().free(pointer) ? sticky_error() : cudaErrorInvalidValue;
  });
}

cudaError_t cudaMallocHost(void** pointer, std::size_t bytes) {
  return api_call("cudaMallocHost", [&] {
    if (pointer == nullptr) return cudaErrorInvalidValue;
    if (const cudaError_t refused = refuse_in_captures(); refused != cudaSuccess) return refused;
    *pointer = bytes == 0 ? nullptr : operator new(bytes, std::nothrow);
    if (bytes == 0) return cudaSuccess;
    if (*pointer == nullptr) return cudaErrorMemoryAllocation;
    std::memset(*pointer, 0xFF, bytes);
    pinned[*pointer] = bytes;
    return cudaSuccess;
  });
}

cudaError_t cudaFreeHost(void* pointer) {
  return release_call("cudaFreeHost", [&] {
    if (pointer == nullptr) return cudaSuccess;
    if (const cudaError_t refused = refuse_in_captures(); refused != cudaSuccess) return refused;
    finish_all();
    if (pinned.erase(pointer) == 0) return cudaErrorInvalidValue;
    operator delete(pointer);
    return sticky_error();
  });
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  return api_call("cudaMemGetInfo", [&] {
    if (free == nullptr || total == nullptr) return cudaErrorInvalidValue;
    *total = device_memory().capacity();
    *free = *total - std::min(*total, device_memory().used());
    return cudaSuccess;
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
    if (stream->capture != nullptr && !capturable(target, source, bytes))
      return refuse_in(*stream->capture);
    return enqueue(stream, [=] { copy(target, source, bytes, actual); });
  });
}

cudaError_t cudaMemsetAsync(void* target, int value, std::size_t bytes, cudaStream_t stream) {
  return api_call("cudaMemsetAsync", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (bytes == 0) return cudaSuccess;
    if (!device_memory().holds(target, bytes)) return cudaErrorInvalidValue;
    return enqueue(stream, [=] {
      const OpenDeviceMemory open;
      std::memset(target, value, bytes);
      if (installed_hooks != nullptr) installed_hooks->initialised(range(target, bytes));
    });
  });
}
