#pragma once

#include <emulation/hooks.h>

namespace saltus::emulation {

/// Opens device memory to the runtime itself, and to what stands in for a library.
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

}  // namespace saltus::emulation
