// Products on tensor cores: elements in the wrong register, lane or half, and tiles that are not
// there yet.
#include <saltus/kernels/device/async_copy.h>
#include <saltus/kernels/device/mma.h>
#include <saltus/kernels/device/reduce.h>

#include "tests/emulated/bugs/bug.h"

namespace saltus::test {
namespace {

using kernels::Bf16;
using kernels::Place;

constexpr int kLanes = 32;
constexpr int kRows = 16;
constexpr int kColumns = 8;

/// Small integers without symmetry, exact in every format.
std::vector<float> matrix(int rows, int columns) {
  std::vector<float> values;
  for (int i = 0; i < rows * columns; ++i) values.push_back(static_cast<float>(i * 7 % 11 - 5));
  return values;
}
std::vector<Bf16> in_bf16(const std::vector<float>& values) {
  std::vector<Bf16> rounded;
  for (const float value : values) rounded.push_back(kernels::to_bf16(value));
  return rounded;
}

/// Whether c [16][8] = a [16][depth] b [depth][8].
bool is_product(const Floats& c, const std::vector<float>& a, const std::vector<float>& b) {
  const int depth = static_cast<int>(a.size()) / kRows;
  return holds(c, [&](int i) {
    float sum = 0;
    for (int k = 0; k < depth; ++k)
      sum += a[static_cast<std::size_t>(i / kColumns * depth + k)] *
             b[static_cast<std::size_t>(k * kColumns + i % kColumns)];
    return sum;
  });
}

/// What the tf32 product below does wrong.
enum class Mistake {
  none,
  registers_of_a,
  registers_of_b,
  places_of_c,
  b_transposed,
  sums_kept,
  half_a_warp
};

template <Mistake mistake>
__global__ void tf32_kernel(const float* a, const float* b, float* c) {
  const int lane = thread();
  float sums[4] = {mistake == Mistake::sums_kept ? c[0] : 0, 0, 0, 0};
  std::uint32_t of_a[4];
  std::uint32_t of_b[2];
  for (int i = 0; i < 4; ++i) {
    const int element = mistake == Mistake::registers_of_a ? i % 2 * 2 + i / 2 : i;
    const Place place = kernels::place_in_tf32_a(lane, element);
    of_a[i] = kernels::round_to_tf32(__float_as_uint(a[place.row * 8 + place.column]));
  }
  for (int i = 0; i < 2; ++i) {
    const int element = mistake == Mistake::registers_of_b ? 1 - i : i;
    const Place place = kernels::place_in_tf32_b(lane, element);
    const int at = mistake == Mistake::b_transposed ? place.column * kColumns + place.row
                                                    : place.row * kColumns + place.column;
    of_b[i] = kernels::round_to_tf32(__float_as_uint(b[at]));
  }
  if (mistake != Mistake::half_a_warp || lane < 16) kernels::multiply_tf32(sums, of_a, of_b);
  for (int i = 0; i < 4; ++i) {
    const int element = mistake == Mistake::places_of_c ? i % 2 * 2 + i / 2 : i;
    const Place place = kernels::place_in_c(lane, element);
    c[place.row * kColumns + place.column] = sums[i];
  }
}
template <bool broken, Mistake mistake>
bool tf32_product() {
  const std::vector<float> a = matrix(kRows, 8);
  const std::vector<float> b = matrix(8, kColumns);
  const Floats device_a(a);
  const Floats device_b(b);
  const Floats c(std::vector<float>(kRows * kColumns, 1.0f));
  run<tf32_kernel<broken ? mistake : Mistake::none>>(1, kLanes, device_a.data(), device_b.data(),
                                                     c.data());
  return is_product(c, a, b);
}
template <bool broken>
bool registers_of_a_swapped() {
  return tf32_product<broken, Mistake::registers_of_a>();
}
template <bool broken>
bool registers_of_b_swapped() {
  return tf32_product<broken, Mistake::registers_of_b>();
}
template <bool broken>
bool places_of_the_sums_swapped() {
  return tf32_product<broken, Mistake::places_of_c>();
}
template <bool broken>
bool b_transposed() {
  return tf32_product<broken, Mistake::b_transposed>();
}
template <bool broken>
bool sums_of_the_tile_before() {
  return tf32_product<broken, Mistake::sums_kept>();
}
template <bool broken>
bool product_by_half_a_warp() {
  return tf32_product<broken, Mistake::half_a_warp>();
}

/// The bits of a float are not yet tf32: the product would cut off what it should round.
template <bool broken>
__global__ void rounding_kernel(float x, float* c) {
  float sums[4] = {};
  const std::uint32_t bits =
      broken ? __float_as_uint(x) : kernels::round_to_tf32(__float_as_uint(x));
  const std::uint32_t one = __float_as_uint(thread() % 4 == 0 ? 1.0f : 0.0f);
  kernels::multiply_tf32(sums, {bits, bits, bits, bits}, {one, 0});
  for (int i = 0; i < 4; ++i) {
    const Place place = kernels::place_in_c(thread(), i);
    c[place.row * kColumns + place.column] = sums[i];
  }
}
template <bool broken>
bool floats_cut_off_for_tf32() {
  const Floats c(kRows * kColumns);
  run<rounding_kernel<broken>>(1, kLanes, 1 + 0x1.8p-11f, c.data());
  return holds(c, [](int) { return 1 + 0x1p-10f; });
}

/// A product of bf16 whose fragments ldmatrix loads from shared tiles.
enum class Load {
  right,
  halves_swapped,
  matrices_swapped,
  b_not_transposed,
  row_of_half_a_chunk,
  no_barrier
};

template <Load load>
__global__ void bf16_kernel(const Bf16* a, const Bf16* b, float* c) {
  constexpr int kDepth = 16;
  SALTUS_SHARED(float4, a_cells, [kRows * kDepth / 8]);
  SALTUS_SHARED(float4, b_cells, [kDepth * kColumns / 8]);
  auto* tile_a = reinterpret_cast<Bf16*>(&a_cells[0]);
  auto* tile_b = reinterpret_cast<Bf16*>(&b_cells[0]);
  const int lane = thread();
  for (int i = lane; i < kRows * kDepth; i += kLanes) tile_a[i] = a[i];
  for (int i = lane; i < kDepth * kColumns; i += kLanes) tile_b[i] = b[i];
  if constexpr (load != Load::no_barrier) __syncwarp();
  // Matrices 0 and 1 of A lie below each other, 2 and 3 right of them.
  const int matrix = load == Load::matrices_swapped ? lane / 16 + lane / 8 % 2 * 2 : lane / 8;
  const int row = lane % 8 + matrix % 2 * 8;
  const int shift = load == Load::row_of_half_a_chunk ? matrix / 2 * 4 : matrix / 2 * 8;
  const kernels::Fragment of_a = kernels::load_matrices(tile_a + row * kDepth + shift);
  const Bf16* row_of_b = tile_b + lane % 16 * kColumns;
  const kernels::Fragment of_b = load == Load::b_not_transposed
                                     ? kernels::load_matrices(row_of_b)
                                     : kernels::load_matrices_transposed(row_of_b);
  std::uint32_t registers[4];
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t two = of_a.registers[i];
    registers[i] = load == Load::halves_swapped ? two << 16 | two >> 16 : two;
  }
  float sums[4] = {};
  kernels::multiply_bf16(sums, registers, {of_b.registers[0], of_b.registers[1]});
  for (int i = 0; i < 4; ++i) {
    const Place place = kernels::place_in_c(lane, i);
    c[place.row * kColumns + place.column] = sums[i];
  }
}
template <bool broken, Load load>
bool bf16_product() {
  const std::vector<float> a = matrix(kRows, 16);
  const std::vector<float> b = matrix(16, kColumns);
  const DeviceArray<Bf16> device_a(in_bf16(a));
  const DeviceArray<Bf16> device_b(in_bf16(b));
  const Floats c(kRows * kColumns);
  run<bf16_kernel<broken ? load : Load::right>>(1, kLanes, device_a.data(), device_b.data(),
                                                c.data());
  return is_product(c, a, b);
}
template <bool broken>
bool halves_of_a_register_swapped() {
  return bf16_product<broken, Load::halves_swapped>();
}
template <bool broken>
bool matrices_of_a_load_swapped() {
  return bf16_product<broken, Load::matrices_swapped>();
}
template <bool broken>
bool b_loaded_without_transposing() {
  return bf16_product<broken, Load::b_not_transposed>();
}
template <bool broken>
bool row_at_no_multiple_of_16_bytes() {
  return bf16_product<broken, Load::row_of_half_a_chunk>();
}
template <bool broken>
bool fragments_loaded_without_a_barrier() {
  return bf16_product<broken, Load::no_barrier>();
}

/// Two warps share a tile that each copies a half of.
template <bool broken>
__global__ void shared_tile_kernel(const Bf16* x, float* out) {
  SALTUS_SHARED(float4, cells, [2 * kLanes]);
  kernels::copy_async(&cells[thread()], x + 8 * thread());
  kernels::close_copies();
  kernels::wait_for_copies<0>();
  if constexpr (broken)
    __syncwarp();
  else
    __syncthreads();
  const auto* tile = reinterpret_cast<const Bf16*>(&cells[0]);
  const kernels::Fragment rows = kernels::load_matrices(tile + 8 * (thread() % kLanes));
  const float first = kernels::float_of(rows.registers[0] << 16);
  out[thread()] = kernels::reduce_warp(first);
}
template <bool broken>
bool tile_of_two_warps_without_a_barrier() {
  const DeviceArray<Bf16> x(in_bf16(std::vector<float>(2 * kLanes * 8, 1.0f)));
  const Floats out(2 * kLanes);
  run<shared_tile_kernel<broken>>(1, 2 * kLanes, x.data(), out.data());
  return holds(out, [](int) { return kLanes; });
}

const BugClass tensor("tensor cores", {
                                          SALTUS_BUG(registers_of_a_swapped),
                                          SALTUS_BUG(registers_of_b_swapped),
                                          SALTUS_BUG(places_of_the_sums_swapped),
                                          SALTUS_BUG(b_transposed),
                                          SALTUS_BUG(sums_of_the_tile_before),
                                          SALTUS_BUG(product_by_half_a_warp),
                                          SALTUS_BUG(floats_cut_off_for_tf32),
                                          SALTUS_BUG(halves_of_a_register_swapped),
                                          SALTUS_BUG(matrices_of_a_load_swapped),
                                          SALTUS_BUG(b_loaded_without_transposing),
                                          SALTUS_BUG(row_at_no_multiple_of_16_bytes),
                                          SALTUS_BUG(fragments_loaded_without_a_barrier),
                                          SALTUS_BUG(tile_of_two_warps_without_a_barrier),
                                      });

}  // namespace
}  // namespace saltus::test
