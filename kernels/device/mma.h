// Tensor cores: a warp's products of small matrices, and the loads that bring operands into their
// fragments (fragments.h). All 32 lanes must come to each of these functions.
#pragma once

#include <saltus/kernels/device/fragments.h>
#include <saltus/kernels/device/vector.h>

#if !defined(__CUDACC__)
#include <saltus/kernels/device/host_mma.h>
#endif

namespace saltus::kernels {

#if !defined(__CUDACC__)
namespace detail {

template <Place (*place_of)(int lane, int element)>
Fragment load_rows(const void* row) {
  Fragment fragment;
  host::LoadLane lane = {{}, &fragment};
  const Quad words = load_quad(static_cast<const float*>(row));
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t bits = bits_of(words.values[i]);
    lane.row[2 * i] = static_cast<std::uint16_t>(bits);
    lane.row[2 * i + 1] = static_cast<std::uint16_t>(bits >> 16);
  }
  emulation::warp_collective(&lane, host::exchange_rows<place_of>);
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
  host::MmaLane lane = {sums, a, b, emulation::compute_capability()};
  emulation::warp_collective(&lane, host::multiply_warp<host::Tf32Product>);
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
  host::MmaLane lane = {sums, a, b, emulation::compute_capability()};
  emulation::warp_collective(&lane, host::multiply_warp<host::Bf16Product>);
#endif
}

}  // namespace saltus::kernels
