#pragma once

#include <saltus/export.h>

#include <stdexcept>

namespace saltus {

/// Base of everything the library throws. what() is one sentence that says what to do.
class SALTUS_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller asked for something that cannot be: an unknown name, a shape that does not fit, zero
/// epochs.
class SALTUS_API InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A file is missing, cannot be written, or does not hold what it should; what() names the file.
class SALTUS_API DataError : public Error {
 public:
  using Error::Error;
};

/// The device that was asked for cannot be used: no driver, no device, too little memory.
class SALTUS_API DeviceError : public Error {
 public:
  using Error::Error;
};

/// The device, or this machine, has too little memory for what is asked: fewer trials side by side
/// may have room, and another device may have more.
class SALTUS_API OutOfMemory : public DeviceError {
 public:
  using DeviceError::DeviceError;
};

}  // namespace saltus
