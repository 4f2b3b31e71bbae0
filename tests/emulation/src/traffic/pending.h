// Puts the accesses of a block's threads together to requests of its warps.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <vector>

#include <emulation/hooks.h>

#include "traffic/request.h"

namespace saltus::emulation {

/// An instruction, and whether it is one's load, store, or access to shared memory.
struct Instruction {
  enum class Kind : std::uint8_t { load, store, shared };
  std::uint32_t code;
  std::uint8_t piece;  ///< of an access that takes several instructions
  Kind kind;

  [[nodiscard]] std::uint64_t key() const {
    return std::uint64_t{code} << 16 | std::uint64_t{piece} << 8 | static_cast<std::uint8_t>(kind);
  }
};

/// The threads of the emulation come one after another; those of a warp would go together. A
/// request is what its lanes do when they execute an instruction for the k-th time since the last
/// barrier; lanes that do not are left out.
class PendingRequests {
 public:
  /// The thread executes an instruction. No bytes: it takes no part in the request.
  void add(const ThreadPosition& thread, Instruction instruction, Range memory);

  /// All threads are at a barrier, or have ended.
  void settle();

  /// Calls visit(code, traffic) for each place of the program; forgets all.
  template <class Visit>
  void take(Visit visit) {
    settle();
    for (const auto& [code, traffic] : places_) visit(code, traffic);
    places_.clear();
    warps_.clear();
  }

 private:
  struct Turn {
    Request request;
    std::uint32_t passed = 0;  ///< lanes that have executed it, or left it out
  };
  /// What a warp does at one instruction.
  struct Stream {
    Instruction::Kind kind = {};
    Traffic* traffic = nullptr;  ///< of its place
    std::array<std::uint32_t, 32> turns_of_lane = {};
    std::uint32_t settled = 0;  ///< turns
    std::deque<Turn> turns;     ///< those after them
  };
  using Warp = std::unordered_map<std::uint64_t, Stream>;

  static void settle_first(Stream& stream);

  std::vector<Warp> warps_;
  std::unordered_map<std::uint32_t, Traffic> places_;
};

}  // namespace saltus::emulation
