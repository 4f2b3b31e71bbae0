// What tests set and ask: the order of threads, faults, leaks, which kernels there are.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <emulation/api/types.h>
#include <emulation/device/vector_types.h>

namespace saltus::emulation {

/// In which order blocks run, and threads that could. Every order is one that a device may choose.
struct Order {
  enum class Kind { forward, reverse, shuffle };
  Kind kind = Kind::forward;
  std::uint64_t seed = 0;  ///< of shuffle
};
void set_order(Order order);

/// Which blocks of a launch are run. The last alone has the largest indices, of launches that would
/// take hours.
enum class Blocks { all, last };
void set_blocks(Blocks blocks);

/// At most so many blocks of a launch are run, evenly spaced among those whose z is 0; 0: as
/// set_blocks() says.
void set_sample(std::uint64_t blocks);

/// When the work in streams is done. Every choice is one that a device may make.
struct Streams {
  enum class Kind {
    eager,   ///< at once
    lazy,    ///< when something waits for it
    shuffle  ///< some time before that, streams in any order
  };
  Kind kind = Kind::eager;
  std::uint64_t seed = 0;  ///< of shuffle
};
/// Does what is left to do, first.
void set_streams(Streams streams);

/// The processor time that a launch may take; it fails with cudaErrorLaunchTimeout then.
void set_time_limit(std::chrono::milliseconds limit);

/// A kernel of this program.
struct Kernel {
  std::string name;  ///< with template arguments
  std::uint64_t launches = 0;
};
std::vector<Kernel> kernels();

/// What the last fault said: kernel, block, thread, what happened. Empty: there was none.
std::string last_fault();

/// Forgets errors that a device would keep until its process ends.
void reset_errors();

/// The `number`-th call of the API from now on fails (1: the next); 0: none. Calls that give
/// something back do so even then. cudaGetLastError and its like are no calls.
void fail_call(std::uint64_t number, cudaError_t error);

/// How often each function of the API was called since reset_calls().
std::map<std::string, std::uint64_t> calls();
void reset_calls();

/// What the machine has. Without a device, or with a driver that is too old, every call fails.
struct Platform {
  int driver_version = 13000;  ///< 0: there is no driver
  int devices = 1;
  int compute_capability = 86;  ///< 8.6
  int multiprocessors = 4;
};
void set_platform(Platform platform);

/// How many bytes of device memory there are.
void set_capacity(std::size_t bytes);

/// Every byte of device memory that is given from now on.
void set_fill(std::uint8_t byte);

/// Lets memory of a test's own pass for device memory, until it is given back: as much as no
/// machine has, say. It is not filled, and nobody watches it.
void lend_memory(void* begin, std::size_t bytes);
void give_back_memory(void* begin);

/// Device and pinned memory that was not freed, one line each.
std::vector<std::string> leaks();

}  // namespace saltus::emulation
