// Time, as far as barriers order it.
#pragma once

#include <cstdint>
#include <vector>

#include <emulation/hooks.h>

namespace saltus::emulation {

/// Counts phases: what a block does between two barriers. Blocks run one after another, so the
/// phases of a block follow each other, and so do those of a launch.
class Clock {
 public:
  void begin_launch() {
    begin_block();
    launch_ = block_;
    blocks_.clear();
  }
  void begin_block() {
    block_ = ++last_;
    blocks_.push_back({block_, position.block});
  }

  /// The phase that runs.
  std::uint32_t now() { return last_ = block_ + position.barrier_epoch; }

  [[nodiscard]] bool in_launch(std::uint32_t phase) const { return phase >= launch_; }
  [[nodiscard]] bool in_block(std::uint32_t phase) const { return phase >= block_; }

  /// The number of the block that a phase of this launch belongs to.
  [[nodiscard]] std::uint64_t block_of(std::uint32_t phase) const {
    std::uint64_t number = 0;
    for (const Block& block : blocks_)
      if (block.first_phase <= phase) number = block.number;
    return number;
  }

 private:
  struct Block {
    std::uint32_t first_phase;
    std::uint64_t number;
  };

  std::uint32_t launch_ = 1;  ///< first phase of the launch that runs
  std::uint32_t block_ = 1;   ///< of the block
  std::uint32_t last_ = 1;    ///< that something was touched in
  std::vector<Block> blocks_;
};

}  // namespace saltus::emulation
