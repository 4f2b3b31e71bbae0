// Counts the requests of every launch. The kernels are compiled as for the checker.
#include <algorithm>
#include <utility>

#include <emulation/code_place.h>
#include <emulation/hooks.h>
#include <emulation/traffic.h>

#include "instrumentation/touch.h"
#include "traffic/pending.h"
#include "traffic/touched_bytes.h"

namespace saltus::emulation {
namespace {

using Kind = Instruction::Kind;

class Counter : public Hooks {
 public:
  void device_memory_appears(Range memory, Range) override { device_.add(memory); }
  void device_memory_disappears(Range memory, Range) override { device_.remove(memory); }

  void launch_begins(const LaunchFacts& launch) override {
    LaunchTraffic& counted = launches_.emplace_back();
    counted.kernel = launch.kernel;
    counted.grid = launch.grid;
    counted.block = launch.block;
    counted.dynamic_bytes = launch.dynamic_bytes;
    device_.begin();
    vector_ = {};
  }
  void launch_ends() override {
    LaunchTraffic& launch = launches_.back();
    requests_.take([&](std::uint32_t code, const Traffic& traffic) {
      launch.places.push_back({code, traffic});
      launch.total += traffic;
    });
    launch.bytes_loaded = device_.loaded();
    launch.bytes_stored = device_.stored();
  }
  void block_begins(Range arena) override {
    arena_ = arena;
    requests_.settle();
    barrier_epoch_ = 0;
  }

  void vector_access_begins(Range memory) override {
    vector_ = memory;
    vector_counted_ = false;
  }
  void vector_access_ends() override { vector_ = {}; }

  void async_copy_issued(Range shared, Range global, Site site) override {
    const std::uint32_t code = code_of(site);
    pass_barrier();
    requests_.add(*position.thread, {code, 0, Kind::shared}, shared);
    requests_.add(*position.thread, {code, 0, Kind::load}, global);
    if (global.bytes != 0) device_.touch(global, true);
  }

  void tallied(const void* what, std::uint64_t times) override {
    launches_.back().tallies[what] += times;
  }

  void touch(Range memory, Touch how, const void* caller) {
    if (vector_.contains(memory.begin)) {
      if (std::exchange(vector_counted_, true)) return;
      memory = vector_;
    }
    Kind kind = Kind::shared;
    if (!arena_.contains(memory.begin)) {
      if (!device_.touch(memory, how == Touch::read)) return;  // constants and arguments
      kind = how == Touch::read ? Kind::load : Kind::store;
    }
    pass_barrier();
    // What is longer than a register may be takes several instructions.
    Instruction instruction = {code_of(caller), 0, kind};
    for (std::size_t done = 0; done < memory.bytes; done += kLongest, ++instruction.piece)
      requests_.add(*position.thread, instruction,
                    {memory.begin + done, std::min(kLongest, memory.bytes - done)});
  }

  std::vector<LaunchTraffic> take() { return std::exchange(launches_, {}); }

 private:
  static constexpr std::size_t kLongest = 16;

  void pass_barrier() {
    if (position.barrier_epoch == barrier_epoch_) return;
    barrier_epoch_ = position.barrier_epoch;
    requests_.settle();
  }

  TouchedBytes device_;
  Range arena_;
  Range vector_;  ///< of the vector access that goes on
  bool vector_counted_ = false;
  unsigned barrier_epoch_ = 0;
  PendingRequests requests_;
  std::vector<LaunchTraffic> launches_;
};

Counter counter;

}  // namespace

Hooks* const installed_hooks = &counter;

void touched(Range memory, Touch how, const void* caller) {
  counter.touch(memory, how, caller);
}

std::vector<LaunchTraffic> take_traffic() {
  return counter.take();
}

}  // namespace saltus::emulation
