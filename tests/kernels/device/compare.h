// How results of kernels are compared with the oracle's, element by element.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <saltus/kernels/bfloat16.h>

namespace saltus::test {

/// Fails the running test unless got and want have the same size, are not empty, and are equal
/// element by element; NaN equals NaN, and the sign of zero counts not.
void expect_equal(const std::vector<float>& got, const std::vector<double>& want);

/// The same with a bound on |got - want| for each element; NaN where want is a number is a failure.
/// Prints the worst ratio of error to bound.
void expect_within(const std::vector<float>& got, const std::vector<double>& want,
                   const std::function<double(std::size_t)>& bound);

/// `count` integers from [-limit, limit], the same in every run: data for which products and sums
/// are exact.
std::vector<float> small_integers(std::size_t count, int limit, std::uint32_t seed);

/// `count` normal deviates.
std::vector<float> normal_values(std::size_t count, std::uint32_t seed);

/// To and from bf16; to_bf16 rounds.
std::vector<kernels::Bf16> to_bf16(const std::vector<float>& values);
std::vector<float> to_float(const std::vector<kernels::Bf16>& values);

/// Rounds each value to what T holds, so that kernel and oracle read the same numbers.
template <class T>
std::vector<T> elements(const std::vector<float>& values) {
  if constexpr (std::is_same_v<T, float>)
    return values;
  else
    return to_bf16(values);
}
inline std::vector<float> values(const std::vector<float>& elements) {
  return elements;
}
inline std::vector<float> values(const std::vector<kernels::Bf16>& elements) {
  return to_float(elements);
}

/// Values as an Out holds them.
template <class Out>
std::vector<double> rounded(const std::vector<double>& exact) {
  const std::vector<float> floats(exact.begin(), exact.end());
  const std::vector<float> held = values(elements<Out>(floats));
  return {held.begin(), held.end()};
}

}  // namespace saltus::test
