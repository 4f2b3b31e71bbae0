#include "tests/kernels/device/compare.h"

#include <cmath>
#include <cstdio>
#include <random>

#include <gtest/gtest.h>

namespace saltus::test {
namespace {

bool both_nan(double a, double b) {
  return std::isnan(a) && std::isnan(b);
}

bool comparable(const std::vector<float>& got, const std::vector<double>& want) {
  EXPECT_FALSE(want.empty()) << "nothing was compared";
  EXPECT_EQ(got.size(), want.size());
  return got.size() == want.size();
}

}  // namespace

void expect_equal(const std::vector<float>& got, const std::vector<double>& want) {
  if (!comparable(got, want)) return;
  std::size_t wrong = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (double{got[i]} == want[i] || both_nan(double{got[i]}, want[i])) continue;
    if (wrong++ == 0) first = i;
  }
  EXPECT_EQ(wrong, 0U) << "of " << want.size() << " elements; the first is [" << first << "], "
                       << got[first] << " instead of " << want[first];
}

void expect_within(const std::vector<float>& got, const std::vector<double>& want,
                   const std::function<double(std::size_t)>& bound) {
  if (!comparable(got, want)) return;
  std::size_t wrong = 0;
  std::size_t worst = 0;
  double worst_ratio = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (double{got[i]} == want[i] || both_nan(double{got[i]}, want[i])) continue;
    const double allowed = bound(i);
    const double error = std::abs(double{got[i]} - want[i]);
    if (!(error <= allowed)) ++wrong;              // negated, so that NaN counts as wrong
    if (error / allowed <= worst_ratio) continue;  // and as the worst
    worst_ratio = error / allowed;
    worst = i;
  }
  EXPECT_EQ(wrong, 0U) << "of " << want.size() << " elements; the worst is [" << worst << "], "
                       << got[worst] << " instead of " << want[worst] << ", where " << bound(worst)
                       << " is allowed";
  std::printf("             worst error / bound: %.3f\n", worst_ratio);
}

std::vector<float> small_integers(std::size_t count, int limit, std::uint32_t seed) {
  std::mt19937 engine(seed);
  const auto range = static_cast<std::uint32_t>(2 * limit + 1);
  std::vector<float> values(count);
  for (float& value : values)
    value = static_cast<float>(static_cast<int>(engine() % range) - limit);
  return values;
}

std::vector<float> normal_values(std::size_t count, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(engine);
  return values;
}

std::vector<kernels::Bf16> to_bf16(const std::vector<float>& values) {
  std::vector<kernels::Bf16> elements(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) elements[i] = kernels::to_bf16(values[i]);
  return elements;
}

std::vector<float> to_float(const std::vector<kernels::Bf16>& values) {
  std::vector<float> floats(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) floats[i] = kernels::to_float(values[i]);
  return floats;
}

}  // namespace saltus::test
