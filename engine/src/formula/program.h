// A formula as a list of instructions over blocks of numbers: floats, which the loops of every
// instruction set run, or doubles.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "formula/graph.h"

namespace saltus::formula {

/// Blocks that a program may hold at the same time, variables among them.
inline constexpr int kMostSlots = 40;

/// Fills a block with one number.
struct Load {
  std::uint8_t out = 0;
  std::int8_t parameter = -1;  ///< its place, or -1: `value`
  double value = 0;
};

/// Makes a block from blocks. An activation of the list gives its slope in `b`, too, where that is
/// not kNoSlot.
struct Instruction {
  Kind kind = Kind::operation;
  std::uint8_t code = 0;
  std::uint8_t out = 0, a = 0, b = 0, c = 0;
};
inline constexpr std::uint8_t kNoSlot = 255;

/// What the loops see of a program: no container, as nothing of theirs may come from elsewhere.
struct ProgramView {
  const Load* loads;
  const Instruction* instructions;
  const kernels::ActivationRef* listed;
  int load_count, uniform_count, count;
  int slot_count;
  int y, slope;  ///< slots of the results
  int by_parameter[kernels::kMaxParameters];
};

/// The derivatives of a formula: with respect to x, and to those parameters for which it is not
/// kNone.
struct Derivatives {
  Id slope = kNone;
  std::array<Id, kernels::kMaxParameters> by_parameter = {kNone, kNone, kNone, kNone};
};

/// The first slots are the variables.
class Program {
 public:
  /// For the nodes of f and of f', or for f alone, with the same bits. Throws InvalidArgument if it
  /// would hold more than kMostSlots blocks.
  Program(const Graph& graph, Id y, Id slope, bool with_slope, int variables = 1);

  /// For derivatives without f. Throws likewise.
  Program(const Graph& graph, const Derivatives& derivatives);

  [[nodiscard]] ProgramView view() const;

 private:
  class Compiler;

  std::vector<Load> loads_;
  std::vector<Instruction> instructions_;  ///< those that do not depend on x first
  std::vector<kernels::ActivationRef> listed_;
  int uniform_count_ = 0;
  int slot_count_ = 0;
  int y_ = 0;
  int slope_ = 0;
  std::array<int, kernels::kMaxParameters> by_parameter_ = {};
};

}  // namespace saltus::formula
