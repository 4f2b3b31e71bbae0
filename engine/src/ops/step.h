// What steps are made of. A step is an aggregate, and the types of its members say what it does
// with each tensor; whoever wants to know goes through the members with for_each_operand().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <saltus/kernels/members.h>

#include "plan/tensor.h"

namespace saltus::plan {
class Gradients;
class Lowering;
}  // namespace saltus::plan

namespace saltus::cpu {
struct Compilation;
class SlicedOp;
class WholeOp;
using SlicedOpPtr = std::unique_ptr<SlicedOp>;
using WholeOpPtr = std::unique_ptr<WholeOp>;
}  // namespace saltus::cpu

namespace saltus::cuda {
class LaunchBuilder;
struct Launch;
}  // namespace saltus::cuda

namespace saltus::ops {

using plan::kNone;
using plan::TensorId;
using plan::Window;

/// How a step touches a tensor.
enum class Use : std::uint8_t {
  read,
  matrix_read,  ///< read as the input of a matrix product: stored in the precision's type
  write,        ///< the whole tensor, whatever was there
  save,         ///< written while training only, for the backward pass
  gradient,     ///< written: the gradient of a trainable weight, a sum over the rows of the batch
};

constexpr bool is_read(Use use) {
  return use == Use::read || use == Use::matrix_read;
}

/// A tensor that a step touches; kNone where there is none.
template <Use use>
struct Operand {
  static constexpr Use kUse = use;
  TensorId id = kNone;

  constexpr Operand() = default;
  constexpr Operand(TensorId tensor) : id(tensor) {}
  template <Use other>
  constexpr Operand(Operand<other> operand) : id(operand.id) {}
  constexpr operator TensorId() const { return id; }
};
using Read = Operand<Use::read>;
using MatrixRead = Operand<Use::matrix_read>;
using Write = Operand<Use::write>;
using Save = Operand<Use::save>;
using Gradient = Operand<Use::gradient>;

/// The members of an aggregate, as a tuple of references.
template <class S>
constexpr auto members(S& s) {
  constexpr std::size_t n = kernels::count_members<std::remove_const_t<S>>();
  static_assert(kernels::kMostMembers == 14, "one line for each number of members");
  // clang-format off
  if constexpr (n == 0) { return std::tie(); }
  else if constexpr (n == 1) { auto& [a] = s; return std::tie(a); }
  else if constexpr (n == 2) { auto& [a, b] = s; return std::tie(a, b); }
  else if constexpr (n == 3) { auto& [a, b, c] = s; return std::tie(a, b, c); }
  else if constexpr (n == 4) { auto& [a, b, c, d] = s; return std::tie(a, b, c, d); }
  else if constexpr (n == 5) { auto& [a, b, c, d, e] = s; return std::tie(a, b, c, d, e); }
  else if constexpr (n == 6) { auto& [a, b, c, d, e, f] = s; return std::tie(a, b, c, d, e, f); }
  else if constexpr (n == 7) { auto& [a, b, c, d, e, f, g] = s; return std::tie(a, b, c, d, e, f, g); }
  else if constexpr (n == 8) { auto& [a, b, c, d, e, f, g, h] = s; return std::tie(a, b, c, d, e, f, g, h); }
  else if constexpr (n == 9) { auto& [a, b, c, d, e, f, g, h, i] = s; return std::tie(a, b, c, d, e, f, g, h, i); }
  else if constexpr (n == 10) { auto& [a, b, c, d, e, f, g, h, i, j] = s; return std::tie(a, b, c, d, e, f, g, h, i, j); }
  else if constexpr (n == 11) { auto& [a, b, c, d, e, f, g, h, i, j, k] = s; return std::tie(a, b, c, d, e, f, g, h, i, j, k); }
  else if constexpr (n == 12) { auto& [a, b, c, d, e, f, g, h, i, j, k, l] = s; return std::tie(a, b, c, d, e, f, g, h, i, j, k, l); }
  else if constexpr (n == 13) { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m] = s; return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m); }
  else { auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, o] = s; return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, o); }
  // clang-format on
}

/// Calls visit(tensor, use) for each operand of a step but those that are kNone; `tensor` can be
/// assigned to where the step can.
template <class S, class Visit>
void for_each_operand(S& step, Visit&& visit) {
  const auto see = [&]<class Member>(Member& member) {
    if constexpr (requires { Member::kUse; }) {
      if (member.id != kNone) visit(member.id, Member::kUse);
    } else if constexpr (requires { Member::value_type::kUse; }) {
      for (auto& each : member) {
        if (each.id != kNone) visit(each.id, Member::value_type::kUse);
      }
    }
  };
  std::apply([&](auto&... member) { (see(member), ...); }, members(step));
}

}  // namespace saltus::ops
