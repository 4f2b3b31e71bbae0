// Which memory a kernel may touch.
#pragma once

#include <deque>
#include <map>
#include <vector>

#include <emulation/hooks.h>

#include "checker/shadow.h"

namespace saltus::emulation {

/// The device memory there is, and what was freed lately.
class DeviceMap {
 public:
  void add(Range memory);
  void remove(Range memory);

  /// nullptr where no allocation contains the place.
  Shadow* find(const void* place) {
    if (last_ != nullptr && last_->memory().contains(place)) return last_;
    return search(static_cast<const std::byte*>(place));
  }

  /// What the place is, in a few words for a report.
  void describe(const void* place, char* text, std::size_t size) const;

 private:
  Shadow* search(const std::byte* place);

  std::map<const std::byte*, Shadow> allocations_;
  std::deque<Range> freed_;
  Shadow* last_ = nullptr;
};

/// The shared variables of the block that runs.
class SharedMap {
 public:
  void begin_block(Range arena) {
    arena_ = arena;
    count_ = 0;
  }
  void add(Range variable);

  [[nodiscard]] bool may_hold(const void* place) const { return arena_.contains(place); }

  /// nullptr where no variable contains the place.
  Shadow* find(const void* place) {
    for (std::size_t i = 0; i < count_; ++i)
      if (variables_[i].memory().contains(place)) return &variables_[i];
    return nullptr;
  }

  void describe(const void* place, char* text, std::size_t size) const;

 private:
  Range arena_;
  std::deque<Shadow> variables_;  ///< also those that blocks before have left
  std::size_t count_ = 0;
};

/// Whether it is a constant of the program, or one of CUDA's built-in variables.
bool is_constant(Range memory);

}  // namespace saltus::emulation
