#pragma once

#include <saltus/export.h>

#include <saltus/error.h>

namespace saltus {

/// The device, or this machine, has too little memory for what is asked: fewer trials side by side
/// may have room, and another device may have more.
class SALTUS_API OutOfMemory : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

}  // namespace saltus
