// Loops that take each element by itself, and two sums over the gradient.
#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {
namespace {

/// Elements whose partial counts fit 32 bits and whose operands stay in the L1 cache.
constexpr std::int64_t kBlock = 4096;

}  // namespace

void load(In source, Out x, std::int64_t n) {
  with_elements(x, [&](auto* target) {
    if (source.type == plan::DType::u8) {
      const auto* bytes = static_cast<const std::uint8_t*>(source.data);
      for (std::int64_t i = 0; i < n; ++i) store(static_cast<float>(bytes[i]) / 255.0f, target[i]);
    } else {
      with_elements(source, [&](const auto* values) {
        for (std::int64_t i = 0; i < n; ++i) store(to_float(values[i]), target[i]);
      });
    }
  });
}

void multiply(In dy, const float* slope, Out dx, std::int64_t n) {
  with_elements(dy, dx, [&](const auto* from, auto* to) {
    SALTUS_INDEPENDENT
    for (std::int64_t i = 0; i < n; ++i) store(to_float(from[i]) * slope[i], to[i]);
  });
}

void add(In a, In b, Out y, std::int64_t n) {
  with_elements(a, y, [&](const auto* from_a, auto* to) {
    with_elements(b, [&](const auto* from_b) {
      SALTUS_INDEPENDENT
      for (std::int64_t i = 0; i < n; ++i) store(to_float(from_a[i]) + to_float(from_b[i]), to[i]);
    });
  });
}

double sum_squares(const float* g, std::int64_t n) {
  // Sixteen sums, whatever the instruction set; element i goes to sum i % 16.
  using Doubles = double __attribute__((vector_size(64)));
  using Floats = float __attribute__((vector_size(32)));
  Doubles low = {};
  Doubles high = {};
  const auto accumulate = [&](const float* source) __attribute__((always_inline)) {
    Floats first, second;
    __builtin_memcpy(&first, source, sizeof first);
    __builtin_memcpy(&second, source + 8, sizeof second);
    const Doubles a = __builtin_convertvector(first, Doubles);
    const Doubles b = __builtin_convertvector(second, Doubles);
    low += a * a;
    high += b * b;
  };
  std::int64_t i = 0;
  for (; i + 16 <= n; i += 16) accumulate(g + i);
  if (i < n) {
    float rest[16] = {};
    __builtin_memcpy(rest, g + i, sizeof(float) * static_cast<std::size_t>(n - i));
    accumulate(rest);
  }
  const Doubles sums = low + high;
  return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

bool all_finite(const float* g, std::int64_t n) {
  constexpr std::uint32_t kExponent = 0x7f800000u;
  for (std::int64_t first = 0; first < n; first += kBlock) {
    const std::int64_t end = smaller(first + kBlock, n);
    std::uint32_t bad = 0;
    for (std::int64_t i = first; i < end; ++i)
      bad |= (kernels::bits_of(g[i]) & kExponent) == kExponent ? 1u : 0u;
    if (bad != 0) return false;
  }
  return true;
}

}  // namespace saltus::cpu::SALTUS_ISA
