#pragma once

#include <saltus/device.h>

#include "backend/backend.h"

namespace saltus::backend {

/// The backend for a device. Throws DeviceError where this build or this machine has none.
const Backend& select(Device device);

/// The GPU, its driver and the runtime, for people. Throws DeviceError as select(Device::cuda)
/// does.
std::string describe_cuda();

}  // namespace saltus::backend
