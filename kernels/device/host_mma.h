// What the instructions of mma.h do, lane by lane, as their documentation says it, and with sums as
// in accumulation.h: the emulation's arithmetic, and what a device is compared with.
#pragma once

#include <saltus/kernels/bfloat16.h>
#include <saltus/kernels/device/accumulation.h>
#include <saltus/kernels/device/fragments.h>

namespace saltus::kernels::host {

/// What a lane brings to a product.
struct MmaLane {
  float* sums;
  const std::uint32_t* a;
  const std::uint32_t* b;
  int compute_capability;  ///< of the device that multiplies, 90 for 9.0
};

struct Tf32Product {
  static constexpr int kDepth = 8;
  static constexpr int kElementsA = 4;
  static constexpr int kElementsB = 2;
  static constexpr Place place_in_a(int lane, int i) { return place_in_tf32_a(lane, i); }
  static constexpr Place place_in_b(int lane, int i) { return place_in_tf32_b(lane, i); }
  /// The instruction ignores the 13 bits that tf32 lacks.
  static float element(const std::uint32_t* registers, int i) {
    return float_of(registers[i] & ~0x1fffu);
  }
};

struct Bf16Product {
  static constexpr int kDepth = 16;
  static constexpr int kElementsA = 8;
  static constexpr int kElementsB = 4;
  static constexpr Place place_in_a(int lane, int i) { return place_in_bf16_a(lane, i); }
  static constexpr Place place_in_b(int lane, int i) { return place_in_bf16_b(lane, i); }
  static float element(const std::uint32_t* registers, int i) {
    return float_of(registers[i / 2] >> i % 2 * 16 << 16);
  }
};

/// The product of a warp, of the MmaLanes of its 32 lanes.
template <class Product>
void multiply_warp(void* const* arguments, std::uint32_t /*mask*/) {
  float a[16][Product::kDepth];
  float b[Product::kDepth][8];
  float c[16][8];
  const auto lane_at = [&](int lane) { return static_cast<const MmaLane*>(arguments[lane]); };
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < Product::kElementsA; ++i) {
      const Place place = Product::place_in_a(lane, i);
      a[place.row][place.column] = Product::element(lane_at(lane)->a, i);
    }
    for (int i = 0; i < Product::kElementsB; ++i) {
      const Place place = Product::place_in_b(lane, i);
      b[place.row][place.column] = Product::element(lane_at(lane)->b, i);
    }
    for (int i = 0; i < 4; ++i) {
      const Place place = place_in_c(lane, i);
      c[place.row][place.column] = lane_at(lane)->sums[i];
    }
  }
  accumulate(a, b, c, accumulation_rule(lane_at(0)->compute_capability));
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) {
      const Place place = place_in_c(lane, i);
      lane_at(lane)->sums[i] = c[place.row][place.column];
    }
}

/// What a lane brings to ldmatrix, and takes away.
struct LoadLane {
  std::uint16_t row[8];  ///< at the lane's address
  Fragment* fragment;
};

/// What ldmatrix gives each of a warp's 32 LoadLanes.
template <Place (*place_of)(int lane, int element)>
void exchange_rows(void* const* arguments, std::uint32_t /*mask*/) {
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 8; i += 2) {
      const auto element = [&](int of_lane) {
        const Place place = place_of(lane, of_lane);
        return std::uint32_t{static_cast<const LoadLane*>(arguments[place.row])->row[place.column]};
      };
      static_cast<const LoadLane*>(arguments[lane])->fragment->registers[i / 2] =
          element(i) | element(i + 1) << 16;
    }
}

}  // namespace saltus::kernels::host
