// How many members an aggregate has, so that a list of them can be checked.
#pragma once

#include <saltus/export.h>

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

namespace saltus::kernels {
namespace detail {

/// Converts to a member of any type, in expressions that are never evaluated; but is no text, which
/// activations are made from.
struct AnyMember {
  template <class T>
  requires(!std::is_same_v<T, std::string_view>) constexpr operator T() const;  // NOLINT: implicit
};

template <class S, std::size_t... i>
constexpr bool takes(std::index_sequence<i...>) {
  return requires {
    S{(static_cast<void>(i), AnyMember{})...};
  };
}

}  // namespace detail

inline constexpr std::size_t kMostMembers = 14;

/// Number of members of an aggregate, at most kMostMembers: as many as its initializer may have.
template <class S, std::size_t n = kMostMembers>
constexpr std::size_t count_members() {
  static_assert(!detail::takes<S>(std::make_index_sequence<kMostMembers + 1>()),
                "an aggregate has more members than are counted");
  if constexpr (std::is_empty_v<S>) {
    return 0;
  } else if constexpr (detail::takes<S>(std::make_index_sequence<n>())) {
    return n;
  } else {
    static_assert(n > 1);
    return count_members<S, n - 1>();
  }
}

}  // namespace saltus::kernels
