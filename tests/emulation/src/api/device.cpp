// The device and its properties.
#include <cstdlib>
#include <cstring>

#include <emulation/api/api.h>
#include <emulation/control.h>
#include <emulation/device/builtins.h>

#include "api/call.h"
#include "api/limits.h"
#include "memory/device_memory.h"

namespace saltus::emulation {
namespace {

constexpr int kRuntimeVersion = 13000;

Platform platform_of_environment() {
  Platform found;
  if (const char* const capability = std::getenv("EMULATION_COMPUTE_CAPABILITY"))
    found.compute_capability = std::atoi(capability);
  return found;
}

Platform platform = platform_of_environment();

cudaDeviceProp properties_of_device() {
  cudaDeviceProp properties{};
  std::strcpy(properties.name, "emulated device");
  properties.totalGlobalMem = device_memory().capacity();
  properties.sharedMemPerBlock = kSharedFree;
  properties.sharedMemPerBlockOptin = shared_most();
  properties.warpSize = 32;
  properties.maxThreadsPerBlock = kThreadsMost;
  properties.major = platform.compute_capability / 10;
  properties.minor = platform.compute_capability % 10;
  properties.multiProcessorCount = platform.multiprocessors;
  properties.l2CacheSize = 1 << 20;
  return properties;
}

}  // namespace

std::size_t shared_most() {
  switch (platform.compute_capability) {
    case 75:
      return 64 * 1024;
    case 80:
      return 163 * 1024;
    case 90:
      return 227 * 1024;
    default:  // 8.6, 8.9
      return 99 * 1024;
  }
}

cudaError_t platform_error() {
  if (platform.driver_version < kRuntimeVersion) return cudaErrorInsufficientDriver;
  return platform.devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

void set_platform(Platform to) {
  platform = to;
}

int compute_capability() {
  return platform.compute_capability;
}

}  // namespace saltus::emulation

using namespace saltus::emulation;  // NOLINT(google-build-using-namespace)

cudaError_t cudaGetDeviceCount(int* count) {
  return api_call("cudaGetDeviceCount", [&] {
    if (count == nullptr) return cudaErrorInvalidValue;
    *count = platform.devices;
    return cudaSuccess;
  });
}

cudaError_t cudaSetDevice(int device) {
  return api_call("cudaSetDevice", [&] {
    return device >= 0 && device < platform.devices ? cudaSuccess : cudaErrorInvalidDevice;
  });
}

cudaError_t cudaGetDevice(int* device) {
  return api_call("cudaGetDevice", [&] {
    if (device == nullptr) return cudaErrorInvalidValue;
    *device = 0;
    return cudaSuccess;
  });
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return api_call("cudaGetDeviceProperties", [&] {
    if (properties == nullptr) return cudaErrorInvalidValue;
    if (device != 0) return cudaErrorInvalidDevice;
    *properties = properties_of_device();
    return cudaSuccess;
  });
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return api_call("cudaDeviceGetAttribute", [&] {
    if (value == nullptr) return cudaErrorInvalidValue;
    if (device != 0) return cudaErrorInvalidDevice;
    const cudaDeviceProp properties = properties_of_device();
    switch (attribute) {
      case cudaDevAttrMaxThreadsPerBlock:
        *value = properties.maxThreadsPerBlock;
        return cudaSuccess;
      case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = static_cast<int>(properties.sharedMemPerBlock);
        return cudaSuccess;
      case cudaDevAttrWarpSize:
        *value = properties.warpSize;
        return cudaSuccess;
      case cudaDevAttrMultiProcessorCount:
        *value = properties.multiProcessorCount;
        return cudaSuccess;
      case cudaDevAttrL2CacheSize:
        *value = properties.l2CacheSize;
        return cudaSuccess;
      case cudaDevAttrComputeCapabilityMajor:
        *value = properties.major;
        return cudaSuccess;
      case cudaDevAttrComputeCapabilityMinor:
        *value = properties.minor;
        return cudaSuccess;
      case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = static_cast<int>(properties.sharedMemPerBlockOptin);
        return cudaSuccess;
    }
    return cudaErrorInvalidValue;
  });
}

/// Succeeds without a driver, too: the version is 0 then.
cudaError_t cudaDriverGetVersion(int* version) {
  if (version == nullptr) return cudaErrorInvalidValue;
  *version = platform.driver_version;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  if (version == nullptr) return cudaErrorInvalidValue;
  *version = kRuntimeVersion;
  return cudaSuccess;
}
