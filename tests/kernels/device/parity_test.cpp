// Every wrapper of kernels/device/: what a warp or block of the device computes, against plain
// loops over what the documentation says and, where there is one, against its host version, bit by
// bit. On a GPU this says whether the emulation tells the truth.
#include "tests/kernels/device/parity.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <saltus/kernels/device/host_mma.h>

#include "tests/kernels/device/compare.h"
#include "tests/kernels/device/device_array.h"

namespace saltus::test {
namespace {

using kernels::Bf16;
using kernels::Place;
namespace host = kernels::host;

std::vector<std::uint32_t> words(std::size_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::vector<std::uint32_t> all(count);
  for (std::uint32_t& word : all) word = static_cast<std::uint32_t>(engine());
  return all;
}

std::vector<std::uint32_t> bits(const std::vector<float>& values) {
  std::vector<std::uint32_t> all;
  all.reserve(values.size());
  for (const float value : values) all.push_back(kernels::bits_of(value));
  return all;
}

/// Every sign and exponent with the mantissas at which rounding turns, and some of all floats.
std::vector<std::uint32_t> floats_to_round() {
  std::vector<std::uint32_t> all;
  for (std::uint32_t top = 0; top < 512; ++top)
    for (const std::uint32_t half : {0x1000u, 0x8000u})
      for (const std::uint32_t mantissa :
           {0u, half - 1, half, half + 1, 3 * half - 1, 3 * half, 3 * half + 1, 0x7fffffu - half,
            0x800000u - half, 0x7fffffu})
        all.push_back(top << 23 | mantissa);
  const std::vector<std::uint32_t> any = words(50'000, 1);
  all.insert(all.end(), any.begin(), any.end());
  return all;
}

/// The bits of a float that a product of tf32 ignores.
constexpr std::uint32_t kIgnored = 0x1fffu;

/// x with `digits` significant bits, halves away from zero or to even, by arithmetic in double.
float rounded(float x, int digits, bool ties_to_even) {
  if (!std::isfinite(x) || x == 0) return x;
  int exponent = 0;
  std::frexp(x, &exponent);
  // Subnormal numbers have the digits that are left.
  const int place = std::max(exponent, -125) - digits;
  const double scaled = std::ldexp(double{x}, -place);
  const double whole = ties_to_even ? std::nearbyint(scaled) : std::round(scaled);
  return static_cast<float>(std::ldexp(whole, place));
}

TEST(Parity, Conversions) {
  const std::vector<std::uint32_t> in = floats_to_round();
  const DeviceArray<std::uint32_t> device_in(in);
  const DeviceArray<Converted> converted(in.size());
  convert(device_in.data(), converted.data(), static_cast<int>(in.size()));
  const std::vector<Converted> all = converted.read();
  for (std::size_t i = 0; i < in.size(); ++i) {
    const float x = kernels::float_of(in[i]);
    const Converted& got = all[i];
    ASSERT_EQ(got.tf32, kernels::round_to_tf32(in[i])) << std::hex << in[i];
    ASSERT_EQ(got.bf16.bits, kernels::to_bf16(x).bits) << std::hex << in[i];
    const float of_bf16 = kernels::to_float(got.bf16);
    if (std::isnan(x)) {
      ASSERT_TRUE(std::isnan(of_bf16)) << std::hex << in[i];
      ASSERT_EQ(got.tf32, in[i]);
      continue;
    }
    ASSERT_EQ(got.tf32 & ~kIgnored, kernels::bits_of(rounded(x, 11, false))) << std::hex << in[i];
    ASSERT_EQ(kernels::bits_of(of_bf16), kernels::bits_of(rounded(x, 8, true)))
        << std::hex << in[i];
  }
}

template <Place (*place_of)(int lane, int element)>
void expect_loaded(bool transposed) {
  std::vector<std::uint16_t> rows;
  for (const std::uint32_t word : words(kLanes * 8, 2))
    rows.push_back(static_cast<std::uint16_t>(word));
  const DeviceArray<std::uint16_t> device_rows(rows);
  const DeviceArray<kernels::Fragment> fragments(kLanes);
  load_matrices(device_rows.data(), fragments.data(), transposed);
  const std::vector<kernels::Fragment> got = fragments.read();

  std::array<kernels::Fragment, kLanes> by_host;
  std::array<host::LoadLane, kLanes> lanes;
  std::array<void*, kLanes> arguments;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    for (std::size_t i = 0; i < 8; ++i) lanes[lane].row[i] = rows[lane * 8 + i];
    lanes[lane].fragment = &by_host[lane];
    arguments[lane] = &lanes[lane];
  }
  host::exchange_rows<place_of>(arguments.data(), ~0U);

  for (std::size_t lane = 0; lane < kLanes; ++lane)
    for (std::size_t matrix = 0; matrix < 4; ++matrix) {
      // Row lane / 4 of a matrix, two of its columns; of the transposed matrix the same.
      const auto at = [&](std::size_t row, std::size_t column) {
        return std::uint32_t{transposed ? rows[(matrix * 8 + column) * 8 + row]
                                        : rows[(matrix * 8 + row) * 8 + column]};
      };
      const std::uint32_t want = at(lane / 4, lane % 4 * 2) | at(lane / 4, lane % 4 * 2 + 1) << 16;
      EXPECT_EQ(got[lane].registers[matrix], want) << "lane " << lane << ", matrix " << matrix;
      EXPECT_EQ(by_host[lane].registers[matrix], want) << "lane " << lane;
    }
}

TEST(Parity, LoadMatrices) {
  expect_loaded<kernels::place_in_rows>(false);
}

TEST(Parity, LoadMatricesTransposed) {
  expect_loaded<kernels::place_in_transposed_rows>(true);
}

/// Three matrices, and how a warp's lanes hold them. The places are written out here once more,
/// from the pictures of the PTX ISA.
struct Product {
  int depth;
  std::vector<float> a, b, c;  ///< [16][depth], [depth][8], [16][8]

  [[nodiscard]] bool halves() const { return depth == 16; }

  /// Of register `number` of lane `lane`, two bf16 or one tf32.
  template <class At>
  [[nodiscard]] std::uint32_t packed(const At& at) const {
    if (!halves()) return kernels::round_to_tf32(kernels::bits_of(at(0)));
    return kernels::to_bf16(at(0)).bits | static_cast<std::uint32_t>(kernels::to_bf16(at(1)).bits)
                                              << 16;
  }
  [[nodiscard]] std::vector<std::uint32_t> registers_of_a() const {
    std::vector<std::uint32_t> all;
    for (int lane = 0; lane < kLanes; ++lane)
      for (int i = 0; i < 4; ++i)
        all.push_back(packed([&](int half) {
          const int row = lane / 4 + (i % 2 == 1 ? 8 : 0);
          const int column =
              halves() ? lane % 4 * 2 + half + (i >= 2 ? 8 : 0) : lane % 4 + (i >= 2 ? 4 : 0);
          const int place = row * depth + column;
          return a[static_cast<std::size_t>(place)];
        }));
    return all;
  }
  [[nodiscard]] std::vector<std::uint32_t> registers_of_b() const {
    std::vector<std::uint32_t> all;
    for (int lane = 0; lane < kLanes; ++lane)
      for (int i = 0; i < 2; ++i)
        all.push_back(packed([&](int half) {
          const int row =
              halves() ? lane % 4 * 2 + half + (i == 1 ? 8 : 0) : lane % 4 + (i == 1 ? 4 : 0);
          const int place = row * 8 + lane / 4;
          return b[static_cast<std::size_t>(place)];
        }));
    return all;
  }
  [[nodiscard]] static std::size_t place_of_sum(int lane, int i) {
    const int row = lane / 4 + (i >= 2 ? 8 : 0);
    const int place = row * 8 + lane % 4 * 2 + i % 2;
    return static_cast<std::size_t>(place);
  }
  [[nodiscard]] std::vector<float> by_lane(const std::vector<float>& matrix) const {
    std::vector<float> all;
    for (int lane = 0; lane < kLanes; ++lane)
      for (int i = 0; i < 4; ++i) all.push_back(matrix[place_of_sum(lane, i)]);
    return all;
  }

  /// An operand as the product takes it.
  [[nodiscard]] double taken(float x) const {
    return halves() ? double{kernels::to_float(kernels::to_bf16(x))}
                    : double{rounded(x, 11, false)};
  }
};

struct Sums {
  std::vector<double> exact;      ///< c + a b by lane, of the operands as they are taken
  std::vector<double> magnitude;  ///< |c| + |a| |b|
};

Sums sums_of(const Product& p) {
  std::vector<double> exact;
  std::vector<double> magnitude;
  for (std::size_t m = 0; m < 16; ++m)
    for (std::size_t n = 0; n < 8; ++n) {
      double sum = double{p.c[m * 8 + n]};
      double absolute = std::abs(sum);
      const auto depth = static_cast<std::size_t>(p.depth);
      for (std::size_t k = 0; k < depth; ++k) {
        const double term = p.taken(p.a[m * depth + k]) * p.taken(p.b[k * 8 + n]);
        sum += term;
        absolute += std::abs(term);
      }
      exact.push_back(sum);
      magnitude.push_back(absolute);
    }
  Sums result;
  for (int lane = 0; lane < kLanes; ++lane)
    for (int i = 0; i < 4; ++i) {
      result.exact.push_back(exact[Product::place_of_sum(lane, i)]);
      result.magnitude.push_back(magnitude[Product::place_of_sum(lane, i)]);
    }
  return result;
}

/// Random bits of `noise` are set in all operands.
std::vector<float> on_device(const Product& p, std::uint32_t noise = 0) {
  const auto with_noise = [noise](std::vector<std::uint32_t> registers) {
    std::mt19937 engine(12);
    for (std::uint32_t& bits : registers) bits |= static_cast<std::uint32_t>(engine()) & noise;
    return registers;
  };
  const DeviceArray<std::uint32_t> a(with_noise(p.registers_of_a()));
  const DeviceArray<std::uint32_t> b(with_noise(p.registers_of_b()));
  const DeviceArray<float> sums(p.by_lane(p.c));
  (p.halves() ? multiply_bf16 : multiply_tf32)(a.data(), b.data(), sums.data());
  return sums.read();
}

std::vector<float> on_host(const Product& p) {
  const std::vector<std::uint32_t> a = p.registers_of_a();
  const std::vector<std::uint32_t> b = p.registers_of_b();
  std::vector<float> sums = p.by_lane(p.c);
  std::array<host::MmaLane, kLanes> lanes;
  std::array<void*, kLanes> arguments;
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    lanes[lane] = {&sums[lane * 4], &a[lane * 4], &b[lane * 2], compute_capability()};
    arguments[lane] = &lanes[lane];
  }
  (p.halves() ? host::multiply_warp<host::Bf16Product>
              : host::multiply_warp<host::Tf32Product>)(arguments.data(), ~0U);
  return sums;
}

Product product(int depth, std::vector<float> (*make)(std::size_t count, std::uint32_t seed)) {
  const auto k = static_cast<std::size_t>(depth);
  return {depth, make(16 * k, 3), make(8 * k, 4), make(16 * 8, 5)};
}

class Multiply : public testing::TestWithParam<int> {};

TEST_P(Multiply, SmallIntegersAreExact) {
  const Product p = product(GetParam(), [](std::size_t count, std::uint32_t seed) {
    return small_integers(count, 100, seed);
  });
  expect_equal(on_device(p), sums_of(p).exact);
  EXPECT_EQ(bits(on_device(p)), bits(on_host(p)));
}

/// The products of 11 or 8 bits are exact. With 24 bits, and in two parts, each of them is cut off
/// by at most 2^-24 of the largest term, as is the sum twice, and what comes out twice by 2^-23 of
/// it; with 25 bits and in one part it is less.
TEST_P(Multiply, AnyNumbersAreWithinTheBoundOfTheirAddition) {
  const Product p = product(GetParam(), normal_values);
  const Sums want = sums_of(p);
  const auto bound = [&](std::size_t i) { return (GetParam() + 6) * 0x1p-24 * want.magnitude[i]; };
  expect_within(on_device(p), want.exact, bound);
  EXPECT_EQ(bits(on_device(p)), bits(on_host(p)));
}

/// What round_to_tf32() relies on.
TEST(Parity, ProductsOfTf32IgnoreTheLastThirteenBits) {
  const Product p = product(8, normal_values);
  EXPECT_EQ(bits(on_device(p, kIgnored)), bits(on_device(p)));
}

TEST_P(Multiply, ANumberThatIsNotFiniteStaysInItsRow) {
  const float infinity = std::numeric_limits<float>::infinity();
  Product p = product(GetParam(), [](std::size_t count, std::uint32_t seed) {
    return small_integers(count, 4, seed);
  });
  for (float& x : p.b) x = std::abs(x) + 1;
  const auto depth = static_cast<std::size_t>(p.depth);
  p.a[2 * depth + 1] = std::numeric_limits<float>::quiet_NaN();
  p.a[5 * depth + 3] = infinity;
  p.a[11 * depth + 4] = -infinity;
  p.c[14 * 8] = infinity;
  expect_equal(on_device(p), sums_of(p).exact);
  expect_equal(on_host(p), sums_of(p).exact);
}

INSTANTIATE_TEST_SUITE_P(Parity, Multiply, testing::Values(8, 16),
                         [](const auto& depth) { return depth.param == 8 ? "Tf32" : "Bf16"; });

TEST(Parity, CopyAsync) {
  for (const int stages : {1, 2, 5}) {
    const auto pieces = static_cast<std::size_t>(stages) * 64;
    const std::vector<std::uint32_t> source = words(pieces * 4, 6);
    std::vector<std::uint8_t> keep;
    std::vector<std::uint32_t> want = source;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      keep.push_back(piece % 5 != 2 ? 1 : 0);
      for (std::size_t i = 0; i < 4; ++i)
        if (keep[piece] == 0) want[piece * 4 + i] = 0;
    }
    const DeviceArray<std::uint32_t> device_source(source);
    const DeviceArray<std::uint8_t> device_keep(keep);
    const DeviceArray<std::uint32_t> target(source.size());
    copy_through_shared(device_source.data(), device_keep.data(), target.data(), stages);
    EXPECT_EQ(target.read(), want) << stages;
  }
}

template <class T>
class ParityOfReductions : public testing::Test {
 public:
  /// Values of every size, of both signs where T has them, the largest of which lies anywhere.
  static std::vector<T> values(std::size_t count) {
    std::vector<T> all;
    for (const std::uint32_t word : words(count, 7)) {
      const auto number = static_cast<std::int32_t>(word);
      if constexpr (std::is_floating_point_v<T>)
        all.push_back(static_cast<T>(number) / static_cast<T>(1 + word % 97));
      else if constexpr (std::is_signed_v<T>)
        all.push_back(number / 128);
      else
        all.push_back(std::uint64_t{word} << 24);
    }
    return all;
  }

  /// Neighbours at 16, 8, 4, 2 and 1 lanes are added: the tree that every lane has.
  static T sum_of_warp(std::vector<T> warp) {
    for (std::size_t distance = warp.size() / 2; distance > 0; distance /= 2)
      for (std::size_t lane = 0; lane < distance; ++lane) warp[lane] += warp[lane + distance];
    return warp[0];
  }
};
using Reducible = testing::Types<float, double, int, unsigned long long>;
TYPED_TEST_SUITE(ParityOfReductions, Reducible);

TYPED_TEST(ParityOfReductions, OfAWarpIsATree) {
  const std::vector<TypeParam> values = this->values(kLanes);
  const DeviceArray<TypeParam> device(values);
  const DeviceArray<Reduced<TypeParam>> of_lane(kLanes);
  reduce(device.data(), of_lane.data());
  for (const Reduced<TypeParam>& got : of_lane.read()) {
    EXPECT_EQ(got.sum, this->sum_of_warp(values));
    EXPECT_EQ(got.largest, *std::max_element(values.begin(), values.end()));
  }
}

TYPED_TEST(ParityOfReductions, OfABlockAddsWarpAfterWarp) {
  const std::vector<TypeParam> values = this->values(96);
  const DeviceArray<TypeParam> device(values);
  const DeviceArray<Reduced<TypeParam>> of_thread(96);
  reduce_of_block(device.data(), of_thread.data());
  TypeParam want = this->sum_of_warp({values.begin(), values.begin() + kLanes});
  for (int warp = 1; warp < 3; ++warp)
    want +=
        this->sum_of_warp({values.begin() + warp * kLanes, values.begin() + (warp + 1) * kLanes});
  for (const Reduced<TypeParam>& got : of_thread.read()) {
    EXPECT_EQ(got.sum, want);
    EXPECT_EQ(got.largest, *std::max_element(values.begin(), values.end()));
  }
}

constexpr int kThreads = 37;
constexpr std::size_t kElements = 4 * kThreads;

TEST(Parity, FetchesOfFloats) {
  const std::vector<std::uint32_t> in = words(kElements, 8);
  const DeviceArray<std::uint32_t> device(in);
  const DeviceArray<float> quads(kElements);
  const DeviceArray<float> ones(kElements);
  fetch_all(reinterpret_cast<const float*>(device.data()), quads.data(), ones.data(), kThreads);
  EXPECT_EQ(bits(quads.read()), in);
  EXPECT_EQ(bits(ones.read()), in);
}

TEST(Parity, FetchesOfBf16) {
  std::vector<Bf16> in;
  std::vector<std::uint32_t> want;
  for (const std::uint32_t word : words(kElements, 9)) {
    in.push_back({static_cast<std::uint16_t>(word)});
    want.push_back(word << 16);
  }
  const DeviceArray<Bf16> device(in);
  const DeviceArray<float> quads(kElements);
  const DeviceArray<float> ones(kElements);
  fetch_all(device.data(), quads.data(), ones.data(), kThreads);
  EXPECT_EQ(bits(quads.read()), want);
  EXPECT_EQ(bits(ones.read()), want);
}

TEST(Parity, FetchesOfBytes) {
  std::vector<std::uint8_t> in;
  std::vector<float> want;
  for (std::uint32_t i = 0; i < 256; ++i) {
    in.push_back(static_cast<std::uint8_t>(i * 37));
    want.push_back(static_cast<float>(i * 37 % 256));
  }
  const DeviceArray<std::uint8_t> device(in);
  const DeviceArray<float> quads(in.size());
  fetch_bytes(device.data(), quads.data(), 64);
  EXPECT_EQ(quads.read(), want);
}

TEST(Parity, StoresOfFloats) {
  const std::vector<float> in = normal_values(kElements, 10);
  const DeviceArray<float> device(in);
  const DeviceArray<float> out(kElements);
  store_all(device.data(), out.data(), kThreads);
  EXPECT_EQ(out.read(), in);
}

TEST(Parity, StoresOfPairs) {
  const std::vector<float> in = normal_values(2 * kThreads, 13);
  const DeviceArray<float> device(in);
  const DeviceArray<float> out(in.size());
  store_pairs(device.data(), out.data(), kThreads);
  EXPECT_EQ(out.read(), in);
}

TEST(Parity, StoresOfBf16) {
  const std::vector<float> in = normal_values(kElements, 11);
  const DeviceArray<float> device(in);
  const DeviceArray<Bf16> out(kElements);
  store_all(device.data(), out.data(), kThreads);
  const std::vector<Bf16> got = out.read();
  for (std::size_t i = 0; i < kElements; ++i)
    EXPECT_EQ(kernels::to_float(got[i]), rounded(in[i], 8, true)) << in[i];
}

TEST(Parity, Atomics) {
  constexpr int kBlocks = 3;
  constexpr int kOfBlock = 96;
  AtomicPlaces want = {0, 0, 1000, -1000, ~0U, 0, 0, 0, 0, 0, 0};
  const DeviceArray<AtomicPlaces> places(std::vector<AtomicPlaces>{want});
  change_atomically(places.data(), kBlocks, kOfBlock);
  const AtomicPlaces got = places.read()[0];
  unsigned all_numbers = 0;
  for (unsigned thread = 0; thread < kBlocks * kOfBlock; ++thread) {
    const int value = static_cast<int>(thread * 7 % 101) - 50;
    want.sum += value;
    want.difference -= value;
    want.smallest = std::min(want.smallest, value);
    want.largest = std::max(want.largest, value);
    want.all &= ~(1U << thread % 31);
    want.any |= 1U << thread % 30;
    want.odd ^= thread;
    all_numbers += thread + 1;
    want.counted += 1;
    want.wide_sum += (1ULL << 32) + thread;
  }
  EXPECT_EQ(got.sum, want.sum);
  EXPECT_EQ(got.difference, want.difference);
  EXPECT_EQ(got.smallest, want.smallest);
  EXPECT_EQ(got.largest, want.largest);
  EXPECT_EQ(got.all, want.all);
  EXPECT_EQ(got.any, want.any);
  EXPECT_EQ(got.odd, want.odd);
  // Whoever came last left its number; all others were seen once.
  EXPECT_EQ(got.exchanged_sum + got.exchanged, all_numbers);
  EXPECT_EQ(got.counted, want.counted);
  EXPECT_EQ(got.wide_sum, want.wide_sum);
}

}  // namespace
}  // namespace saltus::test
