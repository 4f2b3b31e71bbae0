// What the tests of the CPU backend's loops share: arrays of either element type, windows, and one
// test parameter for each instruction set. The expected values are scalar code in float, in the
// order that the loops promise, so they are compared bit for bit: every instruction set gives the
// same.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "backend/cpu/loops.h"

namespace saltus::cpu {

using plan::DType;

inline constexpr std::int64_t kSizes[] = {1, 7, 8, 17, 1000};

/// The bf16 next to x, ties to even: the nearer of the two neighbours, found by comparing
/// distances.
inline std::uint16_t nearest_bf16(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x);
  const auto low = static_cast<std::uint16_t>(bits >> 16);
  if (std::isnan(x)) return static_cast<std::uint16_t>(low | 0x40u);
  if (std::isinf(x)) return low;
  const std::uint32_t rest = bits & 0xffffu;
  const bool up = rest > 0x8000u || (rest == 0x8000u && (low & 1u) != 0);
  return static_cast<std::uint16_t>(low + (up ? 1 : 0));
}

inline float from_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

/// x as an element of this type holds it.
inline float rounded(float x, DType type) {
  return type == DType::bf16 ? from_bf16(nearest_bf16(x)) : x;
}

/// An array of f32 or bf16 elements with room behind it that must stay untouched.
class Elements {
 public:
  Elements(DType type, std::int64_t n)
      : type_(type), n_(static_cast<std::size_t>(n)), floats_(n_ + 32, kUntouched) {
    halves_.assign(n_ + 32, nearest_bf16(kUntouched));
  }
  Elements(DType type, const std::vector<float>& values)
      : Elements(type, static_cast<std::int64_t>(values.size())) {
    for (std::size_t i = 0; i < n_; ++i) {
      floats_[i] = values[i];
      halves_[i] = nearest_bf16(values[i]);
    }
  }
  In in() const { return {data(), type_}; }
  Out out() { return {const_cast<void*>(data()), type_}; }
  float operator[](std::int64_t i) const {
    const auto place = static_cast<std::size_t>(i);
    return type_ == DType::bf16 ? from_bf16(halves_[place]) : floats_[place];
  }
  std::int64_t size() const { return static_cast<std::int64_t>(n_); }

  /// Whether nothing was written behind the end.
  bool intact() const {
    for (std::int64_t i = size(); i < size() + 32; ++i)
      if ((*this)[i] != kUntouched) return false;
    return true;
  }

 private:
  static constexpr float kUntouched = 0x1.46p23f;  // a bf16 number, too

  const void* data() const {
    if (type_ == DType::bf16) return halves_.data();
    return floats_.data();
  }
  DType type_;
  std::size_t n_;
  std::vector<float> floats_;
  std::vector<std::uint16_t> halves_;
};

/// Equal bits; any NaN equals any other.
inline bool same(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
}

/// Fails where `got` is not `expected`, rounded to the type of `got`.
template <class Expected>
void expect_elements(const Elements& got, DType type, Expected expected, const std::string& what) {
  ASSERT_GT(got.size(), 0);
  for (std::int64_t i = 0; i < got.size(); ++i)
    ASSERT_TRUE(same(got[i], rounded(expected(i), type)))
        << what << ": element " << i << " of " << got.size() << " is " << got[i] << ", not "
        << rounded(expected(i), type);
  EXPECT_TRUE(got.intact()) << what << " wrote behind its end";
}

/// Normal numbers, every eleventh a special one: zeros, subnormals, large numbers, infinities, NaN.
inline std::vector<float> random_values(std::int64_t n, std::uint32_t seed, bool special = false) {
  constexpr float kSpecial[] = {0.0f,
                                -0.0f,
                                1e-41f,
                                -1e-41f,
                                1e30f,
                                -1e30f,
                                87.5f,
                                -87.5f,
                                std::numeric_limits<float>::infinity(),
                                -std::numeric_limits<float>::infinity(),
                                std::numeric_limits<float>::quiet_NaN()};
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.0f, 2.0f);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = special && i % 11 == 3 ? kSpecial[engine() % std::size(kSpecial)] : normal(engine);
  return values;
}

/// Small whole numbers in [-limit, limit]: ties are common and sums exact.
inline std::vector<float> random_integers(std::int64_t n, int limit, std::uint32_t seed) {
  std::mt19937 engine(seed);
  std::uniform_int_distribution<int> uniform(-limit, limit);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(uniform(engine));
  return values;
}

/// A window over an image, its output's extents computed from the rest.
inline plan::Window make_window(Size2 image, Size2 size, Size2 strides, Size2 before, Size2 after,
                                std::int64_t channels_in, std::int64_t channels_out = 0) {
  plan::Window w;
  w.image = image;
  w.size = size;
  w.strides = strides;
  w.padding_before = before;
  w.padding_after = after;
  w.output = {(image.height + before.height + after.height - size.height) / strides.height + 1,
              (image.width + before.width + after.width - size.width) / strides.width + 1};
  w.channels_in = channels_in;
  w.channels_out = channels_out == 0 ? channels_in : channels_out;
  return w;
}

/// One position of a window inside the image: its number in the window and its pixel.
struct Position {
  int place;
  std::int64_t y, x;
};
inline std::vector<Position> positions(const plan::Window& w, std::int64_t oy, std::int64_t ox) {
  std::vector<Position> found;
  for (std::int64_t ky = 0; ky < w.size.height; ++ky)
    for (std::int64_t kx = 0; kx < w.size.width; ++kx) {
      const std::int64_t y = oy * w.strides.height - w.padding_before.height + ky;
      const std::int64_t x = ox * w.strides.width - w.padding_before.width + kx;
      if (y >= 0 && x >= 0 && y < w.image.height && x < w.image.width)
        found.push_back({static_cast<int>(ky * w.size.width + kx), y, x});
    }
  return found;
}

inline std::int64_t image_elements(const plan::Window& w) {
  return w.image.height * w.image.width * w.channels_in;
}
inline std::int64_t output_elements(const plan::Window& w, std::int64_t channels) {
  return w.output.height * w.output.width * channels;
}

/// Base of the tests: the parameter names an instruction set.
class CpuLoops : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    loops_ = loops_for(GetParam());
    if (loops_ == nullptr) GTEST_SKIP() << "this CPU has no " << GetParam();
  }
  const Loops& loops() const { return *loops_; }

 private:
  const Loops* loops_ = nullptr;
};

inline std::string set_name(const testing::TestParamInfo<const char*>& info) {
  return info.param;
}

}  // namespace saltus::cpu
