// The elements of a matrix that the registers of a warp's lanes hold, for the instructions of
// mma.h. From the PTX ISA, "Matrix fragments for mma.m16n8k8", "... for mma.m16n8k16" and
// "ldmatrix". A register of 32 bits is one float or tf32, or two bf16, the first in its lower half;
// `element` counts through a lane's registers.
#pragma once

#include <cmath>

#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// Four registers of a lane: A of a product, or B of two.
struct Fragment {
  std::uint32_t registers[4];
};

/// The bits of a float as a product of tf32 takes them: it ignores the last 13, so that adding half
/// a unit rounds to 11 significant bits, ties away from zero. Infinity and NaN stay what they are.
SALTUS_HD std::uint32_t round_to_tf32(std::uint32_t bits) {
  const float infinity = float_of(0x7f800000u);
  return fabsf(float_of(bits)) < infinity ? bits + 0x1000u : bits;
}

/// The place of an element in its matrix.
struct Place {
  int row, column;
};

/// C, 16 x 8 floats, of both products. element < 4
SALTUS_HD constexpr Place place_in_c(int lane, int element) {
  return {lane / 4 + element / 2 * 8, lane % 4 * 2 + element % 2};
}

/// A, 16 x 8 tf32. element < 4
SALTUS_HD constexpr Place place_in_tf32_a(int lane, int element) {
  return {lane / 4 + element % 2 * 8, lane % 4 + element / 2 * 4};
}

/// B, 8 x 8 tf32. element < 2
SALTUS_HD constexpr Place place_in_tf32_b(int lane, int element) {
  return {lane % 4 + element * 4, lane / 4};
}

/// A, 16 x 16 bf16. element < 8
SALTUS_HD constexpr Place place_in_bf16_a(int lane, int element) {
  return {lane / 4 + element / 2 % 2 * 8, lane % 4 * 2 + element % 2 + element / 4 * 8};
}

/// B, 16 x 8 bf16. element < 4
SALTUS_HD constexpr Place place_in_bf16_b(int lane, int element) {
  return {lane % 4 * 2 + element % 2 + element / 2 * 8, lane / 4};
}

/// Four 8 x 8 matrices of 16 bits, one below the other, a register of each. element < 8
SALTUS_HD constexpr Place place_in_rows(int lane, int element) {
  return {lane / 4 + element / 2 * 8, lane % 4 * 2 + element % 2};
}

/// The same for matrices that are transposed on the way; the place is that before.
SALTUS_HD constexpr Place place_in_transposed_rows(int lane, int element) {
  return {lane % 4 * 2 + element % 2 + element / 2 * 8, lane / 4};
}

}  // namespace saltus::kernels
