// What g++ calls before each access of code compiled with -fsanitize=thread.
#include <cstdint>

#include <emulation/code_place.h>

#include "instrumentation/touch.h"

namespace saltus::emulation {
namespace {

inline void touch(const volatile void* place, std::size_t bytes, Touch how, const void* caller) {
  const void* const begin = const_cast<const void*>(place);
  if (!position.in_kernel || position.thread->stack.contains(begin)) return;
  touched({static_cast<const std::byte*>(begin), bytes}, how, caller);
}

/// `alignment`: what the compiler took for granted.
inline void touch_aligned(const void* place, std::size_t bytes, std::size_t alignment, Touch how,
                          const void* caller) {
  if (!position.in_kernel) return;
  if (reinterpret_cast<std::uintptr_t>(place) % alignment != 0) {
    position.in_kernel = false;
    fault(cudaErrorMisalignedAddress, "%zu bytes at %p, at %s, are not aligned to %zu", bytes,
          place, place_of_code(code_of(caller)).data(), alignment);
  }
  touch(place, bytes, how, caller);
}

}  // namespace
}  // namespace saltus::emulation

using saltus::emulation::Touch;
using saltus::emulation::touch;
using saltus::emulation::touch_aligned;

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the compiler's names
extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define SALTUS_CALLER __builtin_return_address(0)

#define SALTUS_ACCESS(bytes, alignment)                                  \
  void __tsan_read##bytes(void* place) {                                 \
    touch_aligned(place, bytes, alignment, Touch::read, SALTUS_CALLER);  \
  }                                                                      \
  void __tsan_write##bytes(void* place) {                                \
    touch_aligned(place, bytes, alignment, Touch::write, SALTUS_CALLER); \
  }                                                                      \
  void __tsan_unaligned_read##bytes(void* place) {                       \
    touch(place, bytes, Touch::read, SALTUS_CALLER);                     \
  }                                                                      \
  void __tsan_unaligned_write##bytes(void* place) {                      \
    touch(place, bytes, Touch::write, SALTUS_CALLER);                    \
  }                                                                      \
  void __tsan_volatile_read##bytes(void* place) {                        \
    touch_aligned(place, bytes, alignment, Touch::read, SALTUS_CALLER);  \
  }                                                                      \
  void __tsan_volatile_write##bytes(void* place) {                       \
    touch_aligned(place, bytes, alignment, Touch::write, SALTUS_CALLER); \
  }
SALTUS_ACCESS(1, 1)
SALTUS_ACCESS(2, 2)
SALTUS_ACCESS(4, 4)
SALTUS_ACCESS(8, 8)
SALTUS_ACCESS(16, 8)  // also for structures whose alignment is 8
void __tsan_read_range(void* place, std::size_t bytes) {
  touch(place, bytes, Touch::read, SALTUS_CALLER);
}
void __tsan_write_range(void* place, std::size_t bytes) {
  touch(place, bytes, Touch::write, SALTUS_CALLER);
}

#define SALTUS_ATOMIC_UPDATE(bits, T, name)                         \
  T __tsan_atomic##bits##_##name(volatile T* place, T value, int) { \
    touch(place, sizeof(T), Touch::atomic, SALTUS_CALLER);          \
    return __atomic_##name(place, value, __ATOMIC_RELAXED);         \
  }
#define SALTUS_ATOMIC(bits, T)                                                                     \
  T __tsan_atomic##bits##_load(const volatile T* place, int) {                                     \
    touch(place, sizeof(T), Touch::atomic, SALTUS_CALLER);                                         \
    return *place;                                                                                 \
  }                                                                                                \
  void __tsan_atomic##bits##_store(volatile T* place, T value, int) {                              \
    touch(place, sizeof(T), Touch::atomic, SALTUS_CALLER);                                         \
    *place = value;                                                                                \
  }                                                                                                \
  T __tsan_atomic##bits##_exchange(volatile T* place, T value, int) {                              \
    touch(place, sizeof(T), Touch::atomic, SALTUS_CALLER);                                         \
    return __atomic_exchange_n(place, value, __ATOMIC_RELAXED);                                    \
  }                                                                                                \
  SALTUS_ATOMIC_UPDATE(bits, T, fetch_add)                                                         \
  SALTUS_ATOMIC_UPDATE(bits, T, fetch_sub)                                                         \
  SALTUS_ATOMIC_UPDATE(bits, T, fetch_and)                                                         \
  SALTUS_ATOMIC_UPDATE(bits, T, fetch_or)                                                          \
  SALTUS_ATOMIC_UPDATE(bits, T, fetch_xor)                                                         \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* place, T* expected, T value, int,  \
                                                    int) {                                         \
    touch(place, sizeof(T), Touch::atomic, SALTUS_CALLER);                                         \
    return __atomic_compare_exchange_n(place, expected, value, false, __ATOMIC_RELAXED,            \
                                       __ATOMIC_RELAXED)                                           \
               ? 1                                                                                 \
               : 0;                                                                                \
  }                                                                                                \
  T __tsan_atomic##bits##_compare_exchange_val(volatile T* place, T expected, T value, int, int) { \
    touch(place, sizeof(T), Touch::atomic, SALTUS_CALLER);                                         \
    __atomic_compare_exchange_n(place, &expected, value, false, __ATOMIC_RELAXED,                  \
                                __ATOMIC_RELAXED);                                                 \
    return expected;                                                                               \
  }
SALTUS_ATOMIC(8, unsigned char)  // the guard of a static variable
SALTUS_ATOMIC(32, unsigned)
SALTUS_ATOMIC(64, unsigned long)

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
