// How tensor cores add up, in mma.sync with sums in fp32. NVIDIA's documentation leaves that open;
// this is the model that MMA-Sim (microsoft/MMA-Sim at c785138, arXiv 2511.10909) found by asking
// devices of each architecture.
//
// Products are exact. A product's exponent is the sum of its factors' exponents, where zero and
// subnormal numbers have -126. Products and the sum so far are cut off, toward zero, at some binary
// places below the largest of their exponents, a zero's among them; then they are added exactly,
// and that is cut off to a float. Zero is +0, what is beyond the largest float is infinite, and
// every NaN is 0x7fffffff.
#pragma once

#include <algorithm>
#include <cmath>

#include <saltus/kernels/portable.h>

namespace saltus::kernels::host {

struct AccumulationRule {
  int fraction_bits;  ///< binary places below the largest exponent that remain of a term
  int parts;          ///< of the depth, one added after the other
};

/// That of a device of this compute capability, 90 for 9.0.
constexpr AccumulationRule accumulation_rule(int compute_capability) {
  return compute_capability >= 90 ? AccumulationRule{25, 1} : AccumulationRule{24, 2};
}

namespace detail {

/// significand * 2^(exponent - 23)
struct Number {
  std::int64_t significand;
  int exponent;
};

inline Number number_of(float finite) {
  const std::uint32_t bits = kernels::bits_of(finite);
  const auto field = static_cast<int>(bits >> 23 & 0xff);
  const std::int64_t significand = (bits & 0x7fffff) | (field == 0 ? 0u : 0x800000u);
  return {bits >> 31 == 0 ? significand : -significand, std::max(field, 1) - 127};
}

inline std::int64_t cut_off(std::int64_t x, int places) {
  if (places > 62) return 0;
  return x < 0 ? -(-x >> places) : x >> places;
}

/// The bits of a double without those of digits that a float has not.
constexpr std::int64_t kDigits = -(std::int64_t{1} << 29);

inline float cut_to_float(double x) {
  const double size = std::abs(x);
  if (size >= 0x1p128) return x < 0 ? float_of(0xff800000u) : float_of(0x7f800000u);
  if (size >= 0x1p-126)
    return static_cast<float>(
        __builtin_bit_cast(double, __builtin_bit_cast(std::int64_t, x) & kDigits));
  return static_cast<float>(std::trunc(x * 0x1p149) * 0x1p-149) + 0.0f;  // -0 + 0 is +0
}

/// c + a[0] b[0][column] + ..., of any numbers.
inline float accumulate_any(const float* a, const float (*b)[8], int column, int terms, float c,
                            int fraction_bits) {
  // Finite terms are too small for an infinite sum.
  double special = c;
  for (int k = 0; k < terms; ++k) special += double{a[k]} * double{b[k][column]};
  if (std::isnan(special)) return float_of(0x7fffffffu);
  if (std::isinf(special)) return static_cast<float>(special);

  const Number start = number_of(c);
  int largest = start.exponent;
  for (int k = 0; k < terms; ++k)
    largest = std::max(largest, number_of(a[k]).exponent + number_of(b[k][column]).exponent);
  // A product's significand has 46 binary places.
  const int places = 46 - fraction_bits + largest;
  std::int64_t sum = cut_off(start.significand * (1 << 23), places - start.exponent);
  for (int k = 0; k < terms; ++k) {
    const Number x = number_of(a[k]);
    const Number y = number_of(b[k][column]);
    sum += cut_off(x.significand * y.significand, places - x.exponent - y.exponent);
  }
  return cut_to_float(std::ldexp(static_cast<double>(sum), largest - fraction_bits));
}

// Vectors of four, which the compiler makes of what the processor has.
using Floats = float __attribute__((vector_size(16)));
using Ints = std::int32_t __attribute__((vector_size(16)));
using Doubles = double __attribute__((vector_size(32)));
using Longs = std::int64_t __attribute__((vector_size(32)));

inline Floats load(const float* values) {
  Floats x;
  __builtin_memcpy(&x, values, sizeof(x));
  return x;
}

inline Ints bits_of(Floats x) {
  return __builtin_bit_cast(Ints, x);
}

inline Floats floats_of(Ints bits) {
  return __builtin_bit_cast(Floats, bits);
}

inline Floats larger(Floats x, Floats y) {
  return x > y ? x : y;
}

inline bool any(Ints x) {
  return (x[0] | x[1] | x[2] | x[3]) != 0;
}

/// 2^exponent; infinite where x is not finite.
inline Floats power_of(Floats x) {
  return larger(floats_of(bits_of(x) & 0x7f800000), Floats{} + 0x1p-126f);
}

/// Numbers and the powers of two that are their exponents'.
struct Quad {
  Floats values, powers;
};

/// Four sums by the same rule, for exponents of which powers of two and what they scale are normal
/// floats: products of 11 digits are exact then, and cutting off is a conversion to int. False, and
/// nothing done, where this would not be right.
template <int terms>
bool accumulate_usual(const float* a, const float* a_powers, const Quad* b, Floats& c,
                      int fraction_bits) {
  constexpr float kLeast = 0x1p-100f;
  constexpr float kMost = 0x1p100f;
  Floats largest = power_of(c);
  for (int k = 0; k < terms; ++k) largest = larger(a_powers[k] * b[k].powers, largest);
  if (any(largest > kMost)) return false;
  const Ints small = largest < kLeast;
  if (any(small)) {
    // A sum of zeros alone, as padding makes many, is right in any case.
    Ints nonzero = c != 0.0f;
    for (int k = 0; k < terms; ++k)
      if (a[k] != 0) nonzero |= b[k].values != 0.0f;
    if (any(small & nonzero)) return false;
    largest = larger(largest, Floats{} + kLeast);
  }

  const Floats scale =
      floats_of((127 + fraction_bits) * (1 << 23) - (bits_of(largest) - (127 << 23)));
  // 16 products of factors with 8 digits, or 8 with 11, remain below 2^31; with c they need not.
  Ints products = {};
  for (int k = 0; k < terms; ++k)
    products += __builtin_convertvector(a[k] * b[k].values * scale, Ints);
  const Doubles sum = __builtin_convertvector(products, Doubles) +
                      __builtin_convertvector(__builtin_convertvector(c * scale, Ints), Doubles);
  const Floats unit = floats_of(bits_of(largest) - fraction_bits * (1 << 23));
  const auto scaled = sum * __builtin_convertvector(unit, Doubles);
  c = __builtin_convertvector(
      __builtin_bit_cast(Doubles, __builtin_bit_cast(Longs, scaled) & kDigits), Floats);
  return true;
}

template <int depth, int terms>
void accumulate(const float (&a)[16][depth], const float (&b)[depth][8], float (&c)[16][8],
                int fraction_bits) {
  Quad b_quads[2][depth];
  for (int k = 0; k < depth; ++k)
    for (int i = 0; i < 2; ++i) {
      const Floats values = load(b[k] + 4 * i);
      b_quads[i][k] = {values, power_of(values)};
    }
  for (int m = 0; m < 16; ++m) {
    float a_powers[depth];
    for (int k = 0; k < depth; k += 4) {
      const Floats powers = power_of(load(a[m] + k));
      __builtin_memcpy(a_powers + k, &powers, sizeof(powers));
    }
    for (int i = 0; i < 2; ++i) {
      Floats sums = load(c[m] + 4 * i);
      for (int k = 0; k < depth; k += terms) {
        if (accumulate_usual<terms>(a[m] + k, a_powers + k, b_quads[i] + k, sums, fraction_bits))
          continue;
        for (int n = 0; n < 4; ++n)
          sums[n] = accumulate_any(a[m] + k, b + k, 4 * i + n, terms, sums[n], fraction_bits);
      }
      __builtin_memcpy(c[m] + 4 * i, &sums, sizeof(sums));
    }
  }
}

}  // namespace detail

/// c += a b, as a device does it in one instruction. Elements of a and b have 11 digits at most, at
/// a depth of 16 at most 8.
template <int depth>
void accumulate(const float (&a)[16][depth], const float (&b)[depth][8], float (&c)[16][8],
                AccumulationRule rule) {
  if (rule.parts == 1)
    detail::accumulate<depth, depth>(a, b, c, rule.fraction_bits);
  else
    detail::accumulate<depth, depth / 2>(a, b, c, rule.fraction_bits);
}

}  // namespace saltus::kernels::host
