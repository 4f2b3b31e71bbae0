#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/initializer.h>

namespace saltus {
namespace {

std::vector<float> drawn(Initializer initializer, Fans fans, std::size_t count,
                         std::uint64_t seed = 1, std::uint32_t tensor = 0) {
  std::vector<float> values(count);
  initialize(initializer, fans, seed, tensor, values);
  return values;
}

struct Moments {
  double mean = 0;
  double deviation = 0;
  double largest = 0;
};

Moments moments_of(const std::vector<float>& values) {
  Moments moments;
  for (const float value : values) {
    moments.mean += value;
    moments.deviation += double{value} * value;
    moments.largest = std::max(moments.largest, std::abs(double{value}));
  }
  const auto count = static_cast<double>(values.size());
  moments.mean /= count;
  moments.deviation = std::sqrt(moments.deviation / count - moments.mean * moments.mean);
  return moments;
}

TEST(Initializer, FansAreKeras) {
  EXPECT_EQ(fans_of({3, 3, 32, 64}).in, 288);
  EXPECT_EQ(fans_of({3, 3, 32, 64}).out, 576);
  EXPECT_EQ(fans_of({9216, 128}).in, 9216);
  EXPECT_EQ(fans_of({9216, 128}).out, 128);
  EXPECT_EQ(fans_of({7}).in, 7);
  EXPECT_EQ(fans_of({7}).out, 7);
}

// The limits of the tutorial's four kernels under glorot_uniform.
TEST(Initializer, GlorotUniformStaysInsideItsLimitAndReachesIt) {
  struct Case {
    Shape shape;
    double limit;
  };
  for (const auto& [shape, limit] :
       {Case{{3, 3, 1, 32}, 0.1421338}, Case{{3, 3, 32, 64}, 0.0833333},
        Case{{9216, 128}, 0.0253402}, Case{{128, 10}, 0.2085144}}) {
    const Moments moments = moments_of(drawn(Initializer::glorot_uniform, fans_of(shape), 100'000));
    EXPECT_LE(moments.largest, limit + 5e-8) << "half of the last digit that is given";
    EXPECT_GE(moments.largest, limit * 0.999) << "of 1e5 draws one comes this near, but e^-100";
  }
}

// Standard deviations as asked for, within four standard errors of the estimate: sd / sqrt(2 n)
// for the deviation (less for these distributions, whose tails are light), sd / sqrt(n) for the
// mean.
TEST(Initializer, MomentsAreThoseAskedFor) {
  constexpr std::size_t kCount = 200'000;
  const Fans fans{288, 64};
  struct Case {
    Initializer initializer;
    double variance;
  };
  for (const auto& [initializer, variance] :
       {Case{Initializer::glorot_uniform, 2.0 / 352}, Case{Initializer::glorot_normal, 2.0 / 352},
        Case{Initializer::he_uniform, 2.0 / 288}, Case{Initializer::he_normal, 2.0 / 288},
        Case{Initializer::lecun_uniform, 1.0 / 288}, Case{Initializer::lecun_normal, 1.0 / 288}}) {
    const Moments moments = moments_of(drawn(initializer, fans, kCount));
    const double deviation = std::sqrt(variance);
    EXPECT_NEAR(moments.mean, 0, 4 * deviation / std::sqrt(kCount)) << to_string(initializer);
    EXPECT_NEAR(moments.deviation, deviation, 4 * deviation / std::sqrt(2.0 * kCount))
        << to_string(initializer);
  }
}

// lecun_normal is cut at two standard deviations from before the cut: for the tutorial's first
// three kernels these are 0.378949, 0.0669894 and 0.0118422.
TEST(Initializer, NormalIsCutAtTwoStandardDeviations) {
  struct Case {
    Fans fans;
    double deviation_before;
  };
  for (const auto& [fans, deviation] :
       {Case{{9, 288}, 0.378949}, Case{{288, 576}, 0.0669894}, Case{{9216, 128}, 0.0118422}}) {
    const Moments moments = moments_of(drawn(Initializer::lecun_normal, fans, 100'000));
    EXPECT_LE(moments.largest, 2 * deviation * (1 + 2e-5)) << "the digits that are given";
    EXPECT_GE(moments.largest, 2 * deviation * 0.999);
  }
}

TEST(Initializer, ConstantsAreConstant) {
  EXPECT_EQ(drawn(Initializer::zeros, {}, 5), std::vector<float>(5, 0.0F));
  EXPECT_EQ(drawn(Initializer::ones, {}, 5), std::vector<float>(5, 1.0F));
}

TEST(Initializer, DrawsDependOnSeedTensorAndPlaceAlone) {
  const Fans fans{9, 32};
  const auto values = drawn(Initializer::he_normal, fans, 10'001, 7, 3);
  EXPECT_EQ(values, drawn(Initializer::he_normal, fans, 10'001, 7, 3));
  const auto prefix = drawn(Initializer::he_normal, fans, 13, 7, 3);
  EXPECT_TRUE(std::equal(prefix.begin(), prefix.end(), values.begin()))
      << "a shorter tensor begins the same";
  EXPECT_NE(values, drawn(Initializer::he_normal, fans, 10'001, 8, 3));
  EXPECT_NE(values, drawn(Initializer::he_normal, fans, 10'001, 7, 4));
}

TEST(Initializer, AllImagesOfOneSeedAreInTheSameOrder) {
  constexpr std::size_t kCount = 5'000;
  const auto uniform = drawn(Initializer::glorot_uniform, {9, 32}, kCount);
  const auto normal = drawn(Initializer::lecun_normal, {9, 32}, kCount);
  std::vector<std::size_t> order(kCount);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return uniform[a] < uniform[b]; });
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end(),
                             [&](std::size_t a, std::size_t b) { return normal[a] < normal[b]; }));
}

TEST(Initializer, NamesGoBothWays) {
  for (const auto name : {"zeros", "ones", "glorot_uniform", "glorot_normal", "he_uniform",
                          "he_normal", "lecun_uniform", "lecun_normal"}) {
    EXPECT_EQ(to_string(parse_initializer(name)), name);
  }
  EXPECT_THROW(parse_initializer("glorot"), InvalidArgument);
}

}  // namespace
}  // namespace saltus
