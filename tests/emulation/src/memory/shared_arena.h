// The shared memory of the block that runs.
#pragma once

#include <cstddef>
#include <vector>

#include <emulation/hooks.h>

namespace saltus::emulation {

/// Variables between red zones. All sizes in bytes.
class SharedArena {
 public:
  SharedArena();
  ~SharedArena();
  SharedArena(const SharedArena&) = delete;
  SharedArena& operator=(const SharedArena&) = delete;

  /// Empties it for a block with that much dynamic memory, which may use `limit` in all.
  void begin_block(std::size_t dynamic_bytes, std::size_t limit);

  /// The variable of that name; a new one is filled with 0xFF. nullptr: the limit is reached.
  void* variable(const void* key, std::size_t bytes, std::size_t alignment);

  [[nodiscard]] void* dynamic() const { return dynamic_; }
  [[nodiscard]] std::size_t used() const { return used_; }  ///< without red zones
  [[nodiscard]] std::size_t limit() const { return limit_; }

  /// Whether all of it lies inside one variable.
  [[nodiscard]] bool holds(const void* place, std::size_t bytes) const;

 private:
  struct Variable {
    const void* key;
    Range memory;
  };
  std::byte* add(const void* key, std::size_t bytes, std::size_t alignment);

  std::byte* memory_;
  std::size_t end_ = 0;  ///< of the last variable
  std::size_t used_ = 0;
  std::size_t limit_ = 0;
  std::byte* dynamic_ = nullptr;
  std::vector<Variable> variables_;
};

}  // namespace saltus::emulation
