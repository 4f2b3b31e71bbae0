// What a build that watches memory is told by the runtime, and what it can ask.
//
// The runtime itself is never instrumented. A mode (modes/) defines installed_hooks; the checker
// implements it together with the callbacks of its instrumentation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <emulation/api/types.h>
#include <emulation/device/site.h>
#include <emulation/device/vector_types.h>

namespace saltus::emulation {

/// A stretch of memory.
struct Range {
  const std::byte* begin = nullptr;
  std::size_t bytes = 0;

  [[nodiscard]] bool contains(const void* place, std::size_t size = 1) const {
    const auto* first = static_cast<const std::byte*>(place);
    return first >= begin && size <= bytes &&
           static_cast<std::size_t>(first - begin) <= bytes - size;
  }
};

/// A thread of a block that runs.
struct ThreadPosition {
  uint3 index = {};
  unsigned number = 0;      ///< in its block; its warp is number / 32
  unsigned warp_epoch = 0;  ///< how many __syncwarp it has passed in this block
  Range stack = {};
};

/// What runs now.
struct Position {
  bool in_kernel = false;                  ///< false while the host or the runtime itself runs
  std::uint64_t launch = 0;                ///< counts launches from 1
  std::uint64_t block = 0;                 ///< x + grid.x (y + grid.y z)
  unsigned barrier_epoch = 0;              ///< how many barriers the block has passed
  const ThreadPosition* thread = nullptr;  ///< valid while a kernel runs
};
extern Position position;

/// The stacks of all threads lie here.
Range thread_stacks();

/// The launch fails with `code` and a message in printf's manner. The running thread never goes on,
/// and nothing on its stack is destroyed: no std::string may be there. For the runtime and for
/// callbacks inside a kernel.
[[noreturn]] void fault(cudaError_t code, const char* format, ...)
    __attribute__((format(printf, 2, 3)));

/// The launch fails when the thread next waits or ends; the first message counts.
void fault_later(cudaError_t code, const std::string& message);

/// "file.cu:12"
std::string place(Site site);
/// The "file.cu" of it.
const char* file_of(Site site);

/// "kernel NAME, block 0,0,0, thread 1,0,0"; valid while a kernel runs.
std::string running_in();

/// A launch, as it was asked for.
struct LaunchFacts {
  const std::string& kernel;
  dim3 grid, block;
  std::size_t dynamic_bytes;  ///< of shared memory
  Range arguments;            ///< host memory that the kernel may read
};

/// A switch from one stack to another. `save` belongs to the one that is left; the host's own
/// stack is no Range.
struct StackSwitch {
  void** save;
  Range to;
};

class Hooks {
 public:
  virtual ~Hooks() = default;

  /// Whether faulty addresses are reported by somebody else.
  virtual bool handles_signals() const { return false; }

  /// cudaMalloc and cudaFree. `with_red_zone` is what nobody else uses.
  virtual void device_memory_appears(Range /*memory*/, Range /*with_red_zone*/) {}
  virtual void device_memory_disappears(Range /*memory*/, Range /*with_red_zone*/) {}

  /// Around the blocks of a launch.
  virtual void launch_begins(const LaunchFacts& /*launch*/) {}
  virtual void launch_ends() {}

  /// The shared memory of the block before is gone.
  virtual void block_begins(Range /*arena*/) {}
  /// A static variable or the dynamic memory, filled with 0xFF but not initialised.
  virtual void shared_memory_appears(Range /*variable*/) {}

  /// Around the runtime's own access to device memory for a copy or set.
  virtual void device_memory_opens() {}
  virtual void device_memory_closes() {}
  /// Bytes of device memory were written by a copy from the host or a set.
  virtual void initialised(Range /*memory*/) {}
  /// Bytes of device memory became those of `source`.
  virtual void copied(Range /*target*/, Range /*source*/) {}

  /// cp.async. From issue to completion the target belongs to the copy: the runtime fills it with
  /// 0xFF before the one call and writes it after the other.
  virtual void async_copy_issued(Range /*shared*/, Range /*global*/, Site /*site*/) {}
  virtual void async_copy_completes(Range /*shared*/, Range /*global*/, Site /*site*/) {}

  /// Between the two, what the running thread touches of this memory is one access to all of it.
  virtual void vector_access_begins(Range /*memory*/) {}
  virtual void vector_access_ends() {}

  /// tally() of traffic.h.
  virtual void tallied(const void* /*what*/, std::uint64_t /*times*/) {}

  /// Before and after the processor's stack changes.
  virtual void stack_switch_begins(StackSwitch /*leaving*/) {}
  virtual void stack_switch_ends(void* /*saved*/) {}
  /// A stack will be used afresh; what lay on it is void.
  virtual void stack_abandoned(Range /*stack*/) {}
};

/// nullptr in the plain build.
extern Hooks* const installed_hooks;

}  // namespace saltus::emulation
