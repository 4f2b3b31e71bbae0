// Collectives of a warp. All lanes of the mask must come to the same one, none may have exited.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include <emulation/device/site.h>

namespace saltus::emulation {

/// Lanes of the mask meet; the last one to arrive calls all(arguments, mask) once, where
/// arguments[lane] is what that lane brought. Does not order memory.
void warp_collective(void* argument, void (*all)(void* const* arguments, std::uint32_t mask),
                     std::uint32_t mask = ~std::uint32_t{0}, Site site = Site::current());

/// Where a lane of a shuffle reads.
enum class ShuffleFrom { index, up, down, exclusive_or };

/// The `bits` that another lane brought. `operand` is what the shuffle's third argument says.
std::uint64_t shuffle(const char* name, std::uint32_t mask, std::uint64_t bits, ShuffleFrom from,
                      int operand, int width, Site site);

/// The lanes of the mask that brought true.
std::uint32_t ballot(const char* name, std::uint32_t mask, bool vote, Site site);

/// The order of memory between the lanes of the mask.
void warp_barrier(std::uint32_t mask, Site site);

template <class T>
T shuffle_value(const char* name, std::uint32_t mask, T value, ShuffleFrom from, int operand,
                int width, Site site) {
  static_assert(std::is_arithmetic_v<T> && sizeof(T) >= 4 && sizeof(T) <= 8, "as in CUDA");
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = shuffle(name, mask, bits, from, operand, width, site);
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

}  // namespace saltus::emulation

// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): CUDA's names

template <class T>
T __shfl_sync(unsigned mask, T value, int lane, int width = 32,
              saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::shuffle_value("__shfl_sync", mask, value,
                                          saltus::emulation::ShuffleFrom::index, lane, width, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32,
                 saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::shuffle_value("__shfl_up_sync", mask, value,
                                          saltus::emulation::ShuffleFrom::up,
                                          static_cast<int>(delta), width, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32,
                   saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::shuffle_value("__shfl_down_sync", mask, value,
                                          saltus::emulation::ShuffleFrom::down,
                                          static_cast<int>(delta), width, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32,
                  saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::shuffle_value("__shfl_xor_sync", mask, value,
                                          saltus::emulation::ShuffleFrom::exclusive_or, lane_mask,
                                          width, site);
}

inline unsigned __ballot_sync(unsigned mask, int vote,
                              saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::ballot("__ballot_sync", mask, vote != 0, site);
}
inline int __any_sync(unsigned mask, int vote,
                      saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::ballot("__any_sync", mask, vote != 0, site) != 0 ? 1 : 0;
}
inline int __all_sync(unsigned mask, int vote,
                      saltus::emulation::Site site = saltus::emulation::Site::current()) {
  return saltus::emulation::ballot("__all_sync", mask, vote != 0, site) == mask ? 1 : 0;
}
inline void __syncwarp(unsigned mask = 0xFFFFFFFFu,
                       saltus::emulation::Site site = saltus::emulation::Site::current()) {
  saltus::emulation::warp_barrier(mask, site);
}

// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)
