#include "formula/program.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus::formula {

/// Deals slots: a block's slot is free again behind its last reader.
class Program::Compiler {
 public:
  /// For `roots`, which have the bits that they have in a program for all of `together`.
  Compiler(Program& program, const Graph& graph, std::vector<Id> roots,
           std::span<const Id> together, int variables = 1)
      : program_(program),
        graph_(graph),
        roots_(std::move(roots)),
        variables_(static_cast<std::uint8_t>(variables)) {
    program.slot_count_ = variables;
    order_ = graph.needed(roots_);
    const auto size = static_cast<std::size_t>(graph.size());
    slots_.resize(size, kNoSlot);
    readers_.resize(size);
    fused_.resize(size);
    varies_.resize(size);
    fuse_products(together);
  }

  void run() {
    for (const Id id : order_) count_readers(id);
    for (const Id root : roots_) ++readers_[at(root)];  // results outlive all instructions
    for (const Id id : order_) load(id);
    for (const bool varying : {false, true}) {
      for (const Id id : order_)
        if (varies_[at(id)] == varying) emit(id);
      if (!varying) program_.uniform_count_ = static_cast<int>(program_.instructions_.size());
    }
    program_.listed_ = graph_.listed();
  }

  int slot_of(Id id) const { return slots_[at(id)]; }

 private:
  static std::size_t at(Id id) { return static_cast<std::size_t>(id); }

  void count_readers(Id id) {
    for (const Id operand : graph_[id].operands)
      if (operand != kNone) ++readers_[at(operand)];
  }

  /// A product that only a sum reads becomes part of it: for f alone as for f and f' together, as
  /// rounding depends on it.
  void fuse_products(std::span<const Id> roots) {
    const std::vector<Id> order = graph_.needed(roots);
    for (const Id id : order) {
      const Node& node = graph_[id];
      varies_[at(id)] =
          node.kind == Kind::variable || std::ranges::any_of(node.operands, [&](Id operand) {
            return operand != kNone && varies_[at(operand)];
          });
      count_readers(id);
    }
    for (const Id root : roots) ++readers_[at(root)];
    for (const Id id : order) fuse(id);
    std::ranges::fill(readers_, 0);
  }
  void fuse(Id id) {
    if (!graph_[id].is<op::Add>()) return;
    const auto [a, b, none] = graph_[id].operands;
    for (const Id product : {a, b}) {
      if (!graph_[product].is<op::Multiply>() || readers_[at(product)] != 1) continue;
      if (varies_[at(product)] != varies_[at(id)]) continue;
      fused_[at(product)] = true;
      return;
    }
  }

  std::uint8_t new_slot() {
    for (int slot = variables_; slot < kMostSlots; ++slot) {
      if (used_[static_cast<std::size_t>(slot)]) continue;
      used_[static_cast<std::size_t>(slot)] = true;
      program_.slot_count_ = std::max(program_.slot_count_, slot + 1);
      return static_cast<std::uint8_t>(slot);
    }
    throw InvalidArgument(fmt::format(
        "the formula holds more than {} intermediate results at a time; make it shorter",
        kMostSlots));
  }

  void load(Id id) {
    const Node& node = graph_[id];
    if (node.kind == Kind::variable) slots_[at(id)] = static_cast<std::uint8_t>(node.code);
    if (node.kind != Kind::constant && node.kind != Kind::parameter) return;
    slots_[at(id)] = new_slot();
    program_.loads_.push_back(
        {.out = slots_[at(id)],
         .parameter = static_cast<std::int8_t>(node.kind == Kind::parameter ? node.code : -1),
         .value = node.value});
  }

  /// What does not vary stays for all blocks.
  void release(Id id) {
    if (--readers_[at(id)] > 0 || !varies_[at(id)] || slots_[at(id)] < variables_) return;
    used_[slots_[at(id)]] = false;
  }

  void emit(Id id) {
    const Node& node = graph_[id];
    if (slots_[at(id)] != kNoSlot || fused_[at(id)]) return;
    if (node.kind != Kind::operation) {
      emit_listed(id);
      return;
    }
    std::array<Id, 3> operands = node.operands;
    int code = node.code;
    if (node.is<op::Add>() && (fused_[at(operands[0])] || fused_[at(operands[1])])) {
      if (!fused_[at(operands[0])]) std::swap(operands[0], operands[1]);
      const auto [a, b, none] = graph_[operands[0]].operands;
      operands = {a, b, operands[1]};
      code = op::kCode<op::MultiplyAdd>;
    }
    std::array<std::uint8_t, 3> from{};
    for (std::size_t i = 0; i < 3; ++i) {
      if (operands[i] == kNone) continue;
      from[i] = slots_[at(operands[i])];
    }
    for (const Id operand : operands)
      if (operand != kNone) release(operand);
    const std::uint8_t out = new_slot();
    slots_[at(id)] = out;
    program_.instructions_.push_back({.kind = Kind::operation,
                                      .code = static_cast<std::uint8_t>(code),
                                      .out = out,
                                      .a = from[0],
                                      .b = from[1],
                                      .c = from[2]});
  }

  /// The value and the slope of an activation of the list together, where both are needed.
  void emit_listed(Id id) {
    const Node& node = graph_[id];
    const Id operand = node.operands[0];
    Instruction instruction{.kind = Kind::listed,
                            .code = static_cast<std::uint8_t>(node.code),
                            .out = new_slot(),
                            .a = slots_[at(operand)],
                            .b = kNoSlot};
    bool has_value = false;
    for (const Id other : order_) {
      const Node& twin = graph_[other];
      if (twin.code != node.code || twin.operands != node.operands) continue;
      if (twin.kind == Kind::listed) {
        slots_[at(other)] = instruction.out;
        has_value = true;
        release(operand);
      } else if (twin.kind == Kind::listed_slope) {
        instruction.b = new_slot();
        slots_[at(other)] = instruction.b;
        release(operand);
      }
    }
    if (!has_value) used_[instruction.out] = false;
    program_.instructions_.push_back(instruction);
  }

  Program& program_;
  const Graph& graph_;
  std::vector<Id> roots_;
  std::uint8_t variables_;  ///< how many
  std::vector<Id> order_;
  std::vector<std::uint8_t> slots_;
  std::vector<int> readers_;
  std::vector<bool> fused_, varies_;
  std::array<bool, kMostSlots> used_{};
};

Program::Program(const Graph& graph, Id y, Id slope, bool with_slope, int variables) {
  const std::array<Id, 2> both = {y, slope};
  Compiler compiler(*this, graph, {y, with_slope ? slope : y}, both, variables);
  compiler.run();
  y_ = compiler.slot_of(y);
  slope_ = compiler.slot_of(with_slope ? slope : y);
}

Program::Program(const Graph& graph, const Derivatives& derivatives) {
  std::vector<Id> roots = {derivatives.slope};
  for (const Id id : derivatives.by_parameter)
    if (id != kNone) roots.push_back(id);
  Compiler compiler(*this, graph, roots, roots);
  compiler.run();
  y_ = slope_ = compiler.slot_of(derivatives.slope);
  for (std::size_t i = 0; i < by_parameter_.size(); ++i) {
    const Id id = derivatives.by_parameter[i];
    if (id != kNone) by_parameter_[i] = compiler.slot_of(id);
  }
}

ProgramView Program::view() const {
  ProgramView view = {.loads = loads_.data(),
                      .instructions = instructions_.data(),
                      .listed = listed_.data(),
                      .load_count = static_cast<int>(loads_.size()),
                      .uniform_count = uniform_count_,
                      .count = static_cast<int>(instructions_.size()),
                      .slot_count = slot_count_,
                      .y = y_,
                      .slope = slope_,
                      .by_parameter = {}};
  std::ranges::copy(by_parameter_, view.by_parameter);
  return view;
}

}  // namespace saltus::formula
