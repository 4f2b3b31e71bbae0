// Tensor cores: a warp's products of small matrices, and the loads that bring operands into their
// fragments (fragments.h). All 32 lanes must come to each of these functions.
#pragma once

#include "kernels/device/fragments.h"
#include "kernels/device/vector.h"

namespace saltus::kernels {

/// Four registers of a lane: A of a product, or B of two.
struct Fragment {
  std::uint32_t registers[4];
};

/// The bits of x as tf32: rounded to 11 significant bits, ties away from zero. NaN becomes
/// 0x7fffffff.
__device__ inline std::uint32_t to_tf32(float x) {
#if defined(__CUDACC__)
  std::uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return bits;
#else
  const std::uint32_t bits = bits_of(x);
  if (x != x) return 0x7fffffffu;
  return (bits & 0x7fffffffu) == 0x7f800000u ? bits : (bits + 0x1000u) & ~0x1fffu;
#endif
}

/// The bits of a float as a product takes them: it ignores the 13 that tf32 lacks, so that adding
/// half a unit rounds as to_tf32() does, in two instructions instead of four. Infinity and NaN stay
/// what they are.
__device__ inline std::uint32_t round_to_tf32(std::uint32_t bits) {
  constexpr std::uint32_t kExponent = 0x7f800000u;
  return (bits & kExponent) == kExponent ? bits : bits + 0x1000u;
}

#if !defined(__CUDACC__)
namespace detail {

/// What a lane brings to a product.
struct MmaLane {
  float* sums;
  const std::uint32_t* a;
  const std::uint32_t* b;
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

/// The product of a warp: each sum by fused multiply-adds in the order of k. Hardware leaves open
/// in which order it adds, and how it rounds.
template <class Product>
void multiply_warp(void* const* arguments, std::uint32_t /*mask*/) {
  float a[16][Product::kDepth];
  float b[Product::kDepth][8];
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
  }
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 4; ++i) {
      const Place place = place_in_c(lane, i);
      float& sum = lane_at(lane)->sums[i];
      for (int k = 0; k < Product::kDepth; ++k)
        sum = __builtin_fmaf(a[place.row][k], b[k][place.column], sum);
    }
}

/// What a lane brings to ldmatrix, and takes away.
struct LoadLane {
  std::uint16_t row[8];  ///< at the lane's address
  Fragment* fragment;
};

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

template <Place (*place_of)(int lane, int element)>
Fragment load_rows(const void* row) {
  Fragment fragment;
  LoadLane lane = {{}, &fragment};
  const Quad words = load_quad(static_cast<const float*>(row));
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t bits = bits_of(words.values[i]);
    lane.row[2 * i] = static_cast<std::uint16_t>(bits);
    lane.row[2 * i + 1] = static_cast<std::uint16_t>(bits >> 16);
  }
  emulation::warp_collective(&lane, exchange_rows<place_of>);
  return fragment;
}

}  // namespace detail
#endif

/// Loads four 8 x 8 matrices of 16 bits from shared memory (or 8 x 4 of 32 bits), a register of
/// each. Lane i brings the address, a multiple of 16, of row i % 8 of matrix i / 8.
__device__ inline Fragment load_matrices(const void* row) {
#if defined(__CUDACC__)
  Fragment f;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(f.registers[0]), "=r"(f.registers[1]), "=r"(f.registers[2]),
                 "=r"(f.registers[3])
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(row)))
               : "memory");
  return f;
#else
  return detail::load_rows<place_in_rows>(row);
#endif
}

/// The same, each matrix of 16 bits transposed.
__device__ inline Fragment load_matrices_transposed(const void* row) {
#if defined(__CUDACC__)
  Fragment f;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(f.registers[0]), "=r"(f.registers[1]), "=r"(f.registers[2]),
                 "=r"(f.registers[3])
               : "r"(static_cast<unsigned>(__cvta_generic_to_shared(row)))
               : "memory");
  return f;
#else
  return detail::load_rows<place_in_transposed_rows>(row);
#endif
}

/// sums += A B, 16 x 8 from 16 x 8 tf32 and 8 x 8.
__device__ inline void multiply_tf32(float (&sums)[4], const std::uint32_t (&a)[4],
                                     const std::uint32_t (&b)[2]) {
#if defined(__CUDACC__)
  asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  detail::MmaLane lane = {sums, a, b};
  emulation::warp_collective(&lane, detail::multiply_warp<detail::Tf32Product>);
#endif
}

/// sums += A B, 16 x 8 from 16 x 16 bf16 and 16 x 8.
__device__ inline void multiply_bf16(float (&sums)[4], const std::uint32_t (&a)[4],
                                     const std::uint32_t (&b)[2]) {
#if defined(__CUDACC__)
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, {%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
  detail::MmaLane lane = {sums, a, b};
  emulation::warp_collective(&lane, detail::multiply_warp<detail::Bf16Product>);
#endif
}

}  // namespace saltus::kernels
