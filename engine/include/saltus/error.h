#pragma once

#include <stdexcept>

namespace saltus {

/// Base of everything the library throws. what() is one sentence that says what to do.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The caller asked for something that cannot be: an unknown name, a shape that does not fit, zero
/// epochs.
class InvalidArgument : public Error {
 public:
  using Error::Error;
};

/// A file is missing, cannot be written, or does not hold what it should; what() names the file.
class DataError : public Error {
 public:
  using Error::Error;
};

/// The device that was asked for cannot be used: no driver, no device, too little memory.
class DeviceError : public Error {
 public:
  using Error::Error;
};

}  // namespace saltus
