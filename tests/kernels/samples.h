#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <saltus/kernels/activations.h>

namespace saltus::test {

/// Finite floats in ascending order: every binade of both signs, subnormals and the zeros,
/// `per_binade` in each, and eight times as many where activations bend, 2^-8 <= |x| < 128.
inline std::vector<float> sample_floats(std::uint32_t per_binade) {
  std::vector<float> positive;
  for (std::uint32_t exponent = 0; exponent < 255; ++exponent) {
    const std::uint32_t n = exponent >= 119 && exponent < 134 ? 8 * per_binade : per_binade;
    for (std::uint32_t i = 0; i < n; ++i) {
      // The first and the last of the binade, and spread over it an odd distance apart.
      const std::uint32_t mantissa = i + 1 == n && n > 1 ? 0x7fffffu : (0x7fffffu / n | 1u) * i;
      positive.push_back(std::bit_cast<float>(exponent << 23 | mantissa));
    }
  }
  std::vector<float> all;
  for (std::size_t i = positive.size(); i-- > 0;) all.push_back(-positive[i]);
  all.insert(all.end(), positive.begin(), positive.end());
  return all;
}

/// Calls check.template operator()<Entry>() for every entry of the list.
template <class Check>
void for_every_entry(Check&& check) {
  for (int id = 0; id < kernels::AllActivations::size; ++id) kernels::dispatch(id, check);
}

/// The defaults, and for each parameter its default times a few factors, where legal.
template <class A>
std::vector<kernels::Parameters<float>> parameter_sets() {
  const auto defaults = kernels::defaults<float>(A::traits);
  std::vector<kernels::Parameters<float>> sets = {defaults};
  for (std::size_t i = 0; i < A::traits.parameters.size(); ++i)
    for (const float factor : {-1.0f, 0.0f, 0.5f, 2.0f, -0.125f}) {
      const auto& parameter = A::traits.parameters[i];
      const float value = factor * parameter.default_value;
      if (value < parameter.low || value > parameter.high) continue;
      sets.push_back(defaults);
      sets.back().values[i] = value;
    }
  return sets;
}

/// The corners of what is legal: the defaults with one parameter at the ends of its interval or
/// beside them, and all combinations of ends, defaults, and 0 and 1, where products vanish.
template <class A>
std::vector<kernels::Parameters<float>> corner_sets() {
  const auto defaults = kernels::defaults<float>(A::traits);
  std::vector<kernels::Parameters<float>> beside, sets = {defaults};
  for (std::size_t i = 0; i < A::traits.parameters.size(); ++i) {
    const auto& [name, default_value, low, high] = A::traits.parameters[i];
    for (const float value : {std::nextafter(low, high), std::nextafter(high, low)}) {
      beside.push_back(defaults);
      beside.back().values[i] = value;
    }
    std::vector<kernels::Parameters<float>> more;
    for (const auto& set : sets)
      for (const float value : {low, 0.0f, 1.0f, high}) {
        if (value < low || value > high || value == default_value) continue;
        more.push_back(set);
        more.back().values[i] = value;
      }
    sets.insert(sets.end(), more.begin(), more.end());
  }
  sets.insert(sets.end(), beside.begin(), beside.end());
  return sets;
}

}  // namespace saltus::test
