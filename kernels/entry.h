// What the entries of a list have in common: a name and parameters. Optimizers, losses, schedules,
// initializers.
#pragma once

#include <cstddef>
#include <limits>
#include <string_view>
#include <tuple>
#include <vector>

#include <saltus/kernels/members.h>

namespace saltus::kernels {

/// The legal values of a parameter, from `low` on or above it, and below `high`; in words as they
/// stand behind "must be".
struct Interval {
  std::string_view words;
  double low;
  bool has_low;
  double high;

  [[nodiscard]] constexpr bool contains(double value) const {
    return (value > low || (has_low && value == low)) && value < high;
  }
};
inline constexpr double kNoLimit = std::numeric_limits<double>::infinity();
inline constexpr Interval kNotNegative = {"finite and not negative", 0, true, kNoLimit};
inline constexpr Interval kPositive = {"positive and finite", 0, false, kNoLimit};
inline constexpr Interval kFinite = {"finite", -kNoLimit, false, kNoLimit};
inline constexpr Interval kShare = {"at least 0 and less than 1", 0, true, 1};

/// A parameter: its name, where it is, and which values are legal; a number or a flag, and, in
/// entries of the host alone, a list of numbers or an enumeration. Its default is what the member
/// is initialized with.
template <class E, class T>
struct NamedMember {
  std::string_view name;
  T E::*member;
  Interval legal;
};
template <class E>
constexpr NamedMember<E, double> number(std::string_view name, double E::*member,
                                        const Interval& legal) {
  return {name, member, legal};
}
template <class E>
constexpr NamedMember<E, bool> flag(std::string_view name, bool E::*member) {
  return {name, member, {"true or false", 0, true, 2}};
}

template <class E>
constexpr NamedMember<E, std::vector<double>> numbers(std::string_view name,
                                                      std::vector<double> E::*member,
                                                      const Interval& legal) {
  return {name, member, legal};
}
/// An enumeration, whose values have names where the entry's texts are made.
template <class E, class Choice>
constexpr NamedMember<E, Choice> choice(std::string_view name, Choice E::*member) {
  return {name, member, {}};
}

/// Calls visit(parameter) for each parameter of an entry, in the order of its table.
template <class E, class Visit>
constexpr void for_parameters(Visit visit) {
  std::apply([&](const auto&... parameter) { (visit(parameter), ...); }, E::parameters());
}

/// What is wrong with legal values together: what the entry's conflict() says, if it has one.
template <class E>
constexpr std::string_view conflict_of(const E& entry) {
  if constexpr (requires { entry.conflict(); })
    return entry.conflict();
  else
    return {};
}

/// Whether the table has every member of the entry but so many others, and the defaults are legal.
template <class E, std::size_t others = 0>
constexpr bool complete_parameters() {
  constexpr std::size_t kCount = std::tuple_size_v<decltype(E::parameters())>;
  const E usual = {};
  bool legal = true;
  for_parameters<E>([&](const auto& parameter) {
    legal = legal && parameter.legal.contains(static_cast<double>(usual.*parameter.member));
  });
  return legal && count_members<E>() == kCount + others;
}

}  // namespace saltus::kernels
