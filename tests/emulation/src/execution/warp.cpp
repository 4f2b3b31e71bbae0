// Collectives of a warp.
#include <array>

#include <emulation/device/warp.h>
#include <emulation/traffic.h>

#include "execution/scheduler.h"

namespace saltus::emulation {
namespace {

struct Shuffled {
  std::uint64_t bits;
  int source;
};

void shuffle_all(void* const* arguments, std::uint32_t mask) {
  std::array<std::uint64_t, 32> bits{};
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((mask >> lane & 1) != 0) bits[lane] = static_cast<Shuffled*>(arguments[lane])->bits;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if ((mask >> lane & 1) == 0) continue;
    auto& shuffled = *static_cast<Shuffled*>(arguments[lane]);
    if ((mask >> shuffled.source & 1) == 0)
      fault(cudaErrorLaunchFailure,
            "lane %u shuffles from lane %d, which the mask 0x%08x leaves out", lane,
            shuffled.source, mask);
    shuffled.bits = bits[static_cast<unsigned>(shuffled.source)];
  }
}

struct Balloted {
  bool vote;
  std::uint32_t votes;
};

void ballot_all(void* const* arguments, std::uint32_t mask) {
  std::uint32_t votes = 0;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((mask >> lane & 1) != 0 && static_cast<Balloted*>(arguments[lane])->vote)
      votes |= 1u << lane;
  for (unsigned lane = 0; lane < 32; ++lane)
    if ((mask >> lane & 1) != 0) static_cast<Balloted*>(arguments[lane])->votes = votes;
}

int source_lane(int lane, ShuffleFrom from, int operand, int width) {
  const int first = lane & ~(width - 1);  // of the segment
  int source = lane;
  switch (from) {
    case ShuffleFrom::index:
      return first + (operand & (width - 1));
    case ShuffleFrom::up:
      source = lane - operand;
      return source < first ? lane : source;
    case ShuffleFrom::down:
      source = lane + operand;
      break;
    case ShuffleFrom::exclusive_or:
      source = lane ^ operand;
      break;
  }
  return source >= first + width ? lane : source;
}

}  // namespace

Meeting& Scheduler::join(Warp& warp, const char* name, std::uint32_t mask, Site site) {
  const std::uint32_t own = 1u << running_->lane();
  if ((mask & own) == 0)
    fault(cudaErrorLaunchFailure, "%s at %s:%u: the mask 0x%08x leaves out the lane that calls",
          name, file_of(site), site.line(), mask);
  if ((mask & warp.gone) != 0)
    fault(cudaErrorLaunchFailure,
          "%s at %s:%u: lanes 0x%08x of the mask have exited or do not exist", name, file_of(site),
          site.line(), mask & warp.gone);
  for (Meeting& meeting : warp.meetings) {
    if ((meeting.mask & mask) == 0) continue;
    if (meeting.mask != mask || !same_site(meeting.site, site))
      fault(cudaErrorLaunchFailure,
            "%s at %s:%u with mask 0x%08x while other lanes wait in %s at %s:%u with mask 0x%08x",
            name, file_of(site), site.line(), mask, meeting.name, file_of(meeting.site),
            meeting.site.line(), meeting.mask);
    meeting.arrived |= own;
    return meeting;
  }
  return warp.meetings.emplace_back(Meeting{mask, own, name, site});
}

void Scheduler::wait_for_warp(const char* name, void* argument,
                              void (*all)(void* const* arguments, std::uint32_t mask),
                              std::uint32_t mask, Site site) {
  const RuntimeScope scope;
  Thread& thread = *running_;
  thread.waits_in = name;
  thread.site = site;
  thread.argument = argument;
  Warp& warp = warps_[thread.position.number / 32];
  const Meeting& meeting = join(warp, name, mask, site);
  if (meeting.arrived == mask) {
    if (all != nullptr) {
      std::array<void*, 32> arguments{};
      Thread* const first = &thread - thread.lane();
      for (unsigned lane = 0; lane < 32; ++lane)
        if ((mask >> lane & 1) != 0) arguments[lane] = first[lane].argument;
      all(arguments.data(), mask);
    }
    warp.meetings.erase(warp.meetings.begin() + (&meeting - warp.meetings.data()));
    Thread* const first = &thread - thread.lane();
    for (unsigned i = 0; i < 32; ++i) {
      const unsigned lane = order_.kind == Order::Kind::reverse ? i : 31 - i;
      if ((mask >> lane & 1) != 0) ready_.push_back(first + lane);
    }
  }
  leave(*thread.fiber);
}

void tally(const void* what, std::uint64_t times) {
  if (installed_hooks != nullptr) installed_hooks->tallied(what, times);
}

void warp_collective(void* argument, void (*all)(void* const* arguments, std::uint32_t mask),
                     std::uint32_t mask, Site site) {
  tally(reinterpret_cast<const void*>(all), 1);
  scheduler.wait_for_warp("a warp's collective", argument, all, mask, site);
}

std::uint64_t shuffle(const char* name, std::uint32_t mask, std::uint64_t bits, ShuffleFrom from,
                      int operand, int width, Site site) {
  if (width < 1 || width > 32 || (width & (width - 1)) != 0)
    fault(cudaErrorLaunchFailure, "%s at %s:%u: a width of %d is no power of two up to 32", name,
          file_of(site), site.line(), width);
  const auto lane = static_cast<int>(scheduler.running().lane());
  Shuffled shuffled{bits, source_lane(lane, from, operand, width)};
  scheduler.wait_for_warp(name, &shuffled, &shuffle_all, mask, site);
  return shuffled.bits;
}

std::uint32_t ballot(const char* name, std::uint32_t mask, bool vote, Site site) {
  Balloted balloted{vote, 0};
  scheduler.wait_for_warp(name, &balloted, &ballot_all, mask, site);
  return balloted.votes;
}

void warp_barrier(std::uint32_t mask, Site site) {
  scheduler.wait_for_warp("__syncwarp", nullptr, nullptr, mask, site);
  ++scheduler.running().position.warp_epoch;
}

}  // namespace saltus::emulation
