// Runs the blocks of a launch one after another, and the threads of a block by turns.
//
// A thread runs until it waits or ends. It gets a stack only when it is run, and a fresh thread
// goes on where another has ended: a kernel without barriers needs one stack and no switch.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <emulation/control.h>
#include <emulation/device/builtins.h>
#include <emulation/device/launch.h>
#include <emulation/hooks.h>

#include "execution/fiber.h"
#include "memory/shared_arena.h"

namespace saltus::emulation {

/// A launch, ready to run.
struct Launch {
  std::string kernel;
  dim3 grid;
  dim3 block;
  std::size_t dynamic_bytes = 0;
  std::size_t shared_limit = 0;  ///< static and dynamic together
  KernelCall call = {};
};

struct Fault {
  cudaError_t code;
  std::string message;
};

/// One cp.async.
struct AsyncCopy {
  void* shared;
  const void* global;
  std::size_t bytes;
  std::size_t source_bytes;
  unsigned group;  ///< the thread's groups, counted from 0
  Site site;
};

struct Thread {
  ThreadPosition position;
  Fiber* fiber = nullptr;  ///< between its first step and its end
  bool ended = false;
  const char* waits_in = "";  ///< where it waits, or waited last
  Site site = {};
  void* argument = nullptr;       ///< to the warp's collective
  std::vector<AsyncCopy> copies;  ///< under way
  unsigned closed_groups = 0;

  [[nodiscard]] unsigned lane() const { return position.number % 32; }
};

/// A collective that some lanes have reached.
struct Meeting {
  std::uint32_t mask;
  std::uint32_t arrived;
  const char* name;
  Site site;
};

struct Warp {
  std::uint32_t gone = 0;  ///< lanes that have ended or never were
  std::vector<Meeting> meetings;
};

class Scheduler {
 public:
  Scheduler() : fibers_(&Scheduler::run_threads) {}

  /// Runs all blocks, or those that were chosen; stops at the first fault.
  std::optional<Fault> run(const Launch& launch);

  void set_order(Order order) { order_ = order; }
  void set_blocks(Blocks blocks) { blocks_ = blocks; }
  void set_sample(std::uint64_t blocks) { sample_ = blocks; }
  void set_time_limit(std::chrono::milliseconds limit) { time_limit_ = limit; }

  [[nodiscard]] std::string running_in() const;

  // For the thread that runs:

  [[nodiscard]] Thread& running() { return *running_; }
  [[nodiscard]] SharedArena& arena() { return arena_; }
  [[nodiscard]] unsigned thread_count() const { return static_cast<unsigned>(threads_.size()); }

  /// Waits for all threads; returns how many of them brought true.
  int wait_for_block(const char* name, bool vote, Site site);

  /// Waits for the lanes of the mask. The last one calls all(), if there is one.
  void wait_for_warp(const char* name, void* argument,
                     void (*all)(void* const* arguments, std::uint32_t mask), std::uint32_t mask,
                     Site site);

  void note_fault(cudaError_t code, const std::string& message);
  [[noreturn]] void stop();

 private:
  static void run_threads(Fiber& fiber);

  void prepare_threads(dim3 block);
  void run_block(std::uint64_t number);
  void end_thread();
  void leave(Fiber& fiber);
  Fiber& choose();
  void enter(Thread& thread);
  void release_block();
  void release_lanes(Warp& warp, std::uint32_t mask);
  Meeting& join(Warp& warp, const char* name, std::uint32_t mask, Site site);
  [[nodiscard]] std::string who_waits() const;
  [[nodiscard]] std::vector<std::uint64_t> block_order(std::uint64_t blocks);
  std::uint64_t random();

  Order order_;
  Blocks blocks_ = Blocks::all;
  std::uint64_t sample_ = 0;
  std::chrono::milliseconds time_limit_{60'000};
  std::uint64_t random_state_ = 0;
  const Launch* launch_ = nullptr;
  std::optional<Fault> fault_;

  std::vector<Thread> threads_;
  std::vector<Warp> warps_;
  std::vector<Thread*> in_order_;  ///< all threads, the first to run last
  std::vector<Thread*> ready_;     ///< who can run, the next one last
  Thread* running_ = nullptr;
  unsigned ended_ = 0;

  unsigned arrived_ = 0;  ///< at the block's barrier
  int votes_ = 0;
  int votes_of_last_ = 0;
  const char* barrier_name_ = "";
  Site barrier_site_ = {};

  Fiber host_;
  FiberPool fibers_;
  SharedArena arena_;
};

extern Scheduler scheduler;

/// While the runtime works for a thread.
class RuntimeScope {
 public:
  RuntimeScope() { position.in_kernel = false; }
  ~RuntimeScope() { position.in_kernel = true; }
  RuntimeScope(const RuntimeScope&) = delete;
  RuntimeScope& operator=(const RuntimeScope&) = delete;
};

inline bool same_site(Site a, Site b) {
  return a.line() == b.line() && a.column() == b.column() && a.file_name() == b.file_name();
}

}  // namespace saltus::emulation
