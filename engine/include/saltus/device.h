#pragma once

#include <saltus/export.h>

#include <string_view>

namespace saltus {

/// Where a model computes. `automatic` takes a GPU where there is a usable one, else the CPU.
enum class Device { automatic, cpu, cuda };

/// "auto", "cpu", "cuda". Parsing throws InvalidArgument with the known names.
SALTUS_API std::string_view to_string(Device device);
SALTUS_API Device parse_device(std::string_view name);

/// The device that this one means here: `automatic` becomes what it takes. Throws DeviceError, with
/// what to do, where cuda cannot be used.
SALTUS_API Device usable_device(Device device);

}  // namespace saltus
