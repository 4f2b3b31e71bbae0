// Finds what a kernel does wrong with memory: races, what is out of bounds or freed, what nobody
// has written, what a cp.async still writes, the host's memory. Every access of a kernel comes to
// check(); the first fault ends the launch.
#pragma once

#include <emulation/code_place.h>
#include <emulation/hooks.h>

#include "checker/clock.h"
#include "checker/memory_map.h"
#include "instrumentation/touch.h"

namespace saltus::emulation {

class Checker : public Hooks {
 public:
  void device_memory_appears(Range memory, Range) override { device_.add(memory); }
  void device_memory_disappears(Range memory, Range) override { device_.remove(memory); }
  void launch_begins(const LaunchFacts& launch) override;
  void block_begins(Range arena) override;
  void shared_memory_appears(Range variable) override { shared_.add(variable); }
  void initialised(Range memory) override;
  void copied(Range target, Range source) override;
  void async_copy_issued(Range shared, Range global, Site site) override;
  void async_copy_completes(Range shared, Range global, Site site) override;

  /// The running thread touches memory, at `code`.
  void check(Range memory, Touch how, std::uint32_t code);

 private:
  void check_cell(Cell& cell, Range memory, Touch how, const Access& access) const;
  void check_without_shadow(Range memory, Touch how, const Access& access) const;

  [[noreturn]] void report(Range memory, Touch how, const Access& access, const char* what) const;
  [[noreturn]] void report_race(Range memory, Touch how, const Access& access,
                                const Accesses& others, const char* did) const;

  Clock clock_;
  DeviceMap device_;
  SharedMap shared_;
  Range arguments_;
};

}  // namespace saltus::emulation
