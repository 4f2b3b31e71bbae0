#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

namespace saltus::emulation {

/// The handles of one kind that were made and not destroyed.
template <class Handle>
class Handles {
 public:
  void insert(Handle handle) { hidden_.insert(hide(handle)); }
  bool erase(Handle handle) { return hidden_.erase(hide(handle)) != 0; }
  [[nodiscard]] bool contains(Handle handle) const { return hidden_.contains(hide(handle)); }

 private:
  // Complemented: LeakSanitizer must not take this for a user of the handle.
  static std::uintptr_t hide(Handle handle) { return ~reinterpret_cast<std::uintptr_t>(handle); }

  std::set<std::uintptr_t> hidden_;
};

}  // namespace saltus::emulation
