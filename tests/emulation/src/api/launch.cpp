#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <emulation/api/api.h>
#include <emulation/control.h>
#include <emulation/device/launch.h>

#include "api/call.h"
#include "api/limits.h"
#include "api/stream.h"
#include "execution/registry.h"
#include "execution/scheduler.h"
#include "memory/device_memory.h"

namespace saltus::emulation {
namespace {

bool legal(dim3 grid, dim3 block) {
  const std::uint64_t threads = std::uint64_t{block.x} * block.y * block.z;
  return grid.x >= 1 && grid.x <= 0x7FFFFFFF && grid.y >= 1 && grid.y <= 65535 && grid.z >= 1 &&
         grid.z <= 65535 && threads >= 1 && threads <= kThreadsMost && block.z <= 64;
}

/// Appends the kernel's name to the file that EMULATION_LAUNCHES names.
void log(const std::string& kernel) {
  static const char* const path = std::getenv("EMULATION_LAUNCHES");
  if (path != nullptr) std::ofstream(path, std::ios::app) << kernel << '\n';
}

/// `object` are the bytes of the launch's call.
void run(KernelRecord& record, Launch launch, const std::vector<std::byte>& object) {
  ++record.launches;
  log(launch.kernel);
  launch.call.object = object.data();
  if (installed_hooks != nullptr)
    installed_hooks->launch_begins({launch.kernel,
                                    launch.grid,
                                    launch.block,
                                    launch.dynamic_bytes,
                                    {object.data(), object.size()}});
  std::optional<Fault> fault = scheduler.run(launch);
  if (installed_hooks != nullptr) installed_hooks->launch_ends();
  if (!fault) {
    const std::string damage = device_memory().find_damage();
    if (!damage.empty())
      fault = Fault{cudaErrorIllegalAddress, "kernel " + launch.kernel + ": " + damage};
  }
  if (fault) set_sticky_error(fault->code, fault->message);
}

}  // namespace

cudaError_t enqueue_kernel(const void* kernel, dim3 grid, dim3 block, std::size_t shared_bytes,
                           cudaStream_t stream, KernelCall call) {
  return api_call("cudaLaunchKernel", [&] {
    KernelRecord* record = find_kernel(kernel);
    if (record == nullptr) return cudaErrorInvalidDeviceFunction;
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (!legal(grid, block)) return cudaErrorInvalidConfiguration;
    if (shared_bytes > std::max(kSharedFree, record->dynamic_shared_limit))
      return cudaErrorInvalidValue;
    const std::size_t limit = record->dynamic_shared_limit == 0 ? kSharedFree : shared_most();
    const Launch launch{record->name, grid, block, shared_bytes, limit, call};
    const auto* first = static_cast<const std::byte*>(call.object);
    const std::vector<std::byte> object(first, first + call.bytes);
    return enqueue(stream, [=] { run(*record, launch, object); });
  });
}

}  // namespace saltus::emulation

using namespace saltus::emulation;  // NOLINT(google-build-using-namespace)

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  return api_call("cudaFuncSetAttribute", [&] {
    KernelRecord* record = find_kernel(kernel);
    if (record == nullptr) return cudaErrorInvalidDeviceFunction;
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 ||
        static_cast<std::size_t>(value) > shared_most())
      return cudaErrorInvalidValue;
    record->dynamic_shared_limit = static_cast<std::size_t>(value);
    return cudaSuccess;
  });
}

cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, const void* kernel) {
  return api_call("cudaFuncGetAttributes", [&] {
    const KernelRecord* record = find_kernel(kernel);
    if (record == nullptr) return cudaErrorInvalidDeviceFunction;
    if (attributes == nullptr) return cudaErrorInvalidValue;
    const std::size_t shared = std::max(kSharedFree, record->dynamic_shared_limit);
    *attributes = {kThreadsMost, static_cast<int>(shared)};
    return cudaSuccess;
  });
}
