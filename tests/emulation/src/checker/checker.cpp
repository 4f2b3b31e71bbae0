#include "checker/checker.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include <emulation/device/builtins.h>

namespace saltus::emulation {
namespace {

const char* verb_of(Touch how) {
  if (how == Touch::read) return "reads";
  return how == Touch::write ? "writes" : "changes atomically";
}

using Text = std::array<char, 160>;

Text thread_text(unsigned number, std::uint64_t block) {
  Text text{};
  const std::uint64_t row = block / gridDim.x;
  std::snprintf(text.data(), text.size(), "thread %u,%u,%u of block %llu,%llu,%llu",
                number % blockDim.x, number / blockDim.x % blockDim.y,
                number / blockDim.x / blockDim.y, block % gridDim.x + 0ULL, row % gridDim.y + 0ULL,
                row / gridDim.y + 0ULL);
  return text;
}

Checker checker;

}  // namespace

Hooks* const installed_hooks = &checker;

void touched(Range memory, Touch how, const void* caller) {
  checker.check(memory, how, code_of(caller));
}

void Checker::launch_begins(const LaunchFacts& launch) {
  arguments_ = launch.arguments;
  clock_.begin_launch();
}

void Checker::block_begins(Range arena) {
  clock_.begin_block();
  shared_.begin_block(arena);
}

void Checker::initialised(Range memory) {
  Shadow* const shadow = device_.find(memory.begin);
  for (Cell& cell : shadow->cells(memory)) cell.initialised = true;
}

void Checker::copied(Range target, Range source) {
  Shadow& from = *device_.find(source.begin);
  Shadow& to = *device_.find(target.begin);
  const auto offset = static_cast<std::size_t>(target.begin - to.memory().begin);
  std::size_t step = from.cell_bytes();
  if ((offset | target.bytes) % step != 0) step = 1;
  for (std::size_t i = 0; i < target.bytes; i += step) {
    const bool known = from.cells({source.begin + i, step})[0].initialised;
    for (Cell& cell : to.cells({target.begin + i, step})) cell.initialised = known;
  }
}

// While a copy is under way nobody else may touch its target. Its thread writes it when it
// arrives, so that others need a barrier after the wait, and reads the source until then.

void Checker::async_copy_issued(Range shared, Range global, Site site) {
  check(shared, Touch::write, code_of(site));
  if (global.bytes != 0) check(global, Touch::read, code_of(site));
  for (Cell& cell : shared_.find(shared.begin)->cells(shared)) cell.in_flight = true;
}

void Checker::async_copy_completes(Range shared, Range global, Site site) {
  for (Cell& cell : shared_.find(shared.begin)->cells(shared)) cell.in_flight = false;
  check(shared, Touch::write, code_of(site));
  if (global.bytes != 0) check(global, Touch::read, code_of(site));
}

void Checker::check(Range memory, Touch how, std::uint32_t code) {
  const ThreadPosition& thread = *position.thread;
  const Access access{clock_.now(), thread.warp_epoch, code,
                      static_cast<std::uint16_t>(thread.number)};
  Shadow* const shadow =
      shared_.may_hold(memory.begin) ? shared_.find(memory.begin) : device_.find(memory.begin);
  if (shadow == nullptr || !shadow->memory().contains(memory.begin, memory.bytes))
    return check_without_shadow(memory, how, access);
  for (Cell& cell : shadow->cells(memory)) check_cell(cell, memory, how, access);
}

void Checker::check_cell(Cell& cell, Range memory, Touch how, const Access& access) const {
  const bool atomic = how == Touch::atomic;
  if (cell.in_flight) report(memory, how, access, "a cp.async has still to write it");
  if (!(cell.writes.atomic && atomic) && cell.writes.unordered_with(access, clock_))
    report_race(memory, how, access, cell.writes, "wrote");
  if (how != Touch::write && !cell.initialised)
    report(memory, how, access, "nothing has written it");
  if (how == Touch::read) return cell.reads.add(access, clock_);
  if (cell.reads.unordered_with(access, clock_))
    report_race(memory, how, access, cell.reads, "read");
  // A thread's plain write stays one, whatever atomic ones of its own follow at once.
  const bool plain_before = !cell.writes.atomic && cell.writes.phase == access.phase &&
                            cell.writes.thread == access.thread;
  cell.writes.add(access, clock_);
  cell.writes.atomic = atomic && !plain_before;
  cell.initialised = true;
}

void Checker::check_without_shadow(Range memory, Touch how, const Access& access) const {
  Text what{};
  if (how == Touch::read &&
      (arguments_.contains(memory.begin, memory.bytes) || is_constant(memory)))
    return;
  if (thread_stacks().contains(memory.begin))
    report(memory, how, access, "it belongs to another thread's stack");
  if (shared_.may_hold(memory.begin))
    shared_.describe(memory.begin, what.data(), what.size());
  else
    device_.describe(memory.begin, what.data(), what.size());
  report(memory, how, access, what.data());
}

void Checker::report(Range memory, Touch how, const Access& access, const char* what) const {
  position.in_kernel = false;
  fault(cudaErrorIllegalAddress, "%s %zu byte(s) of %s memory at %s: %s", verb_of(how),
        memory.bytes, shared_.may_hold(memory.begin) ? "shared" : "global",
        place_of_code(access.code).data(), what);
}

void Checker::report_race(Range memory, Touch how, const Access& access, const Accesses& others,
                          const char* did) const {
  position.in_kernel = false;
  fault(cudaErrorLaunchFailure,
        "%s %zu byte(s) of %s memory at %s: a race with %s, which %s it at %s, no barrier between",
        verb_of(how), memory.bytes, shared_.may_hold(memory.begin) ? "shared" : "global",
        place_of_code(access.code).data(),
        thread_text(others.thread, clock_.block_of(others.phase)).data(), did,
        place_of_code(others.code).data());
}

}  // namespace saltus::emulation
