// Atomic operations on integers. Those on floats are left out: their sums would depend on the order
// of threads. Compilers' builtins, so that sanitizers see the accesses; inlined, so that they find
// the kernel's line.
#pragma once

#include <concepts>
#include <type_traits>

#include <emulation/device/builtins.h>

namespace saltus::emulation {

template <class T>
concept AtomicInteger =
    std::same_as<T, int> || std::same_as<T, unsigned> || std::same_as<T, unsigned long long>;

/// Replaces *place by function(*place); returns what was there.
template <AtomicInteger T, class Function>
__forceinline__ T atomic_update(T* place, Function function) {
  T before = __atomic_load_n(place, __ATOMIC_RELAXED);
  while (!__atomic_compare_exchange_n(place, &before, function(before), false, __ATOMIC_RELAXED,
                                      __ATOMIC_RELAXED)) {
  }
  return before;
}

}  // namespace saltus::emulation

// NOLINTBEGIN(readability-identifier-naming): CUDA's names
// type_identity: the place decides T, the value converts, as with CUDA's overloads.

template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicAdd(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_add(place, value, __ATOMIC_RELAXED);
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicSub(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_sub(place, value, __ATOMIC_RELAXED);
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicAnd(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_and(place, value, __ATOMIC_RELAXED);
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicOr(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_or(place, value, __ATOMIC_RELAXED);
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicXor(T* place, std::type_identity_t<T> value) {
  return __atomic_fetch_xor(place, value, __ATOMIC_RELAXED);
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicExch(T* place, std::type_identity_t<T> value) {
  return __atomic_exchange_n(place, value, __ATOMIC_RELAXED);
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicCAS(T* place, std::type_identity_t<T> expected,
                            std::type_identity_t<T> value) {
  __atomic_compare_exchange_n(place, &expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return expected;
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicMax(T* place, std::type_identity_t<T> value) {
  return saltus::emulation::atomic_update(place, [=](T x) { return x < value ? value : x; });
}
template <saltus::emulation::AtomicInteger T>
__forceinline__ T atomicMin(T* place, std::type_identity_t<T> value) {
  return saltus::emulation::atomic_update(place, [=](T x) { return value < x ? value : x; });
}

// NOLINTEND(readability-identifier-naming)
