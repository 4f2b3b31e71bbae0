#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include <saltus/error.h>
#include <saltus/graph.h>
#include <saltus/initializer.h>

namespace saltus {
namespace {

using namespace initializers;

std::vector<float> drawn(const Initializer& initializer, Fans fans, std::size_t count,
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
    const Moments moments = moments_of(drawn(GlorotUniform{}, fans_of(shape), 100'000));
    EXPECT_LE(moments.largest, limit + 5e-8) << "half of the last digit that is given";
    EXPECT_GE(moments.largest, limit * 0.999) << "of 1e5 draws one comes this near, but e^-100";
  }
}

// Standard deviations as asked for, within four standard errors of the estimate: sd / sqrt(2 n)
// for the deviation (less for these distributions, whose tails are light), sd / sqrt(n) for the
// mean.
TEST(Initializer, MomentsAreThoseAskedFor) {
  // The variance that is left of 1: that of the normal distribution between -2 and 2.
  constexpr double kRemaining = 0.7737413;
  constexpr std::size_t kCount = 200'000;
  const Fans fans{288, 64};
  struct Case {
    Initializer initializer;
    double variance;
  };
  for (const auto& [initializer, variance] :
       {Case{GlorotUniform{}, 2.0 / 352}, Case{GlorotNormal{}, 2.0 / 352},
        Case{HeUniform{}, 2.0 / 288}, Case{HeNormal{}, 2.0 / 288}, Case{LecunUniform{}, 1.0 / 288},
        Case{LecunNormal{}, 1.0 / 288}, Case{VarianceScaling{}, 1.0 / 288},
        Case{VarianceScaling{3, FanMode::fan_out, Distribution::uniform}, 3.0 / 64},
        Case{VarianceScaling{3, FanMode::fan_avg, Distribution::untruncated_normal}, 3.0 / 176},
        Case{RandomNormal{}, 0.0025}, Case{RandomNormal{.stddev = 2}, 4},
        Case{RandomUniform{}, 0.01 / 12}, Case{TruncatedNormal{}, 0.0025 * kRemaining}}) {
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
    const Moments moments = moments_of(drawn(LecunNormal{}, fans, 100'000));
    EXPECT_LE(moments.largest, 2 * deviation * (1 + 2e-5)) << "the digits that are given";
    EXPECT_GE(moments.largest, 2 * deviation * 0.999);
  }
}

TEST(Initializer, MeansAndBoundsAreThoseGiven) {
  constexpr std::size_t kCount = 100'000;
  const auto shifted = [](const Initializer& initializer, double mean) {
    std::vector<float> values = drawn(initializer, {}, kCount);
    for (float& value : values) value = static_cast<float>(double{value} - mean);
    return moments_of(values);
  };
  // A mean is as exact as the deviation over the root of the count.
  EXPECT_NEAR(shifted(RandomNormal{3, 0.5}, 3).mean, 0, 4 * 0.5 / std::sqrt(kCount));
  EXPECT_GT(shifted(RandomNormal{3, 0.5}, 3).largest, 3.5 * 0.5) << "a normal one is not cut";
  const Moments cut = shifted(TruncatedNormal{-3, 0.5}, -3);
  EXPECT_NEAR(cut.mean, 0, 4 * 0.5 / std::sqrt(kCount));
  EXPECT_LE(cut.largest, 2 * 0.5 + 1e-6) << "rounding of what is near -4";
  EXPECT_GE(cut.largest, 2 * 0.5 * 0.999);
  const Moments uniform = shifted(RandomUniform{-1, 5}, 2);
  EXPECT_NEAR(uniform.mean, 0, 4 * 3 / std::sqrt(3.0 * kCount));
  EXPECT_LE(uniform.largest, 3.0);
  EXPECT_GE(uniform.largest, 3 * 0.999);
}

TEST(Initializer, ScalingsWithNamesAreThoseOfTheirRules) {
  const Fans fans{9, 32};
  EXPECT_EQ(drawn(HeNormal(), fans, 100), drawn(VarianceScaling{.scale = 2}, fans, 100));
  const VarianceScaling glorot{1, FanMode::fan_avg, Distribution::uniform};
  EXPECT_EQ(drawn(GlorotUniform(), fans, 100), drawn(glorot, fans, 100));
}

// The weights of finished sweeps must stay what they were.
TEST(Initializer, FirstDrawsStayWhatTheyAre) {
  struct Case {
    Initializer initializer;
    std::vector<float> first;
  };
  for (const auto& [initializer, first] : {
           Case{GlorotUniform(), {-0x1.c98aep-4F, -0x1.995ba2p-4F, -0x1.cf9b58p-5F}},
           Case{GlorotNormal(), {-0x1.d3059ep-4F, -0x1.83b4f8p-4F, -0x1.7e136p-5F}},
           Case{HeUniform(), {-0x1.f9d50ep-4F, -0x1.c48feep-4F, -0x1.0044bp-4F}},
           Case{HeNormal(), {-0x1.0227f6p-3F, -0x1.aca04ap-4F, -0x1.a6668cp-5F}},
           Case{LecunUniform(), {-0x1.65ad6cp-4F, -0x1.400284p-4F, -0x1.6a6b0ap-5F}},
           Case{LecunNormal(), {-0x1.6d167cp-4F, -0x1.2f159ep-4F, -0x1.2aaeacp-5F}},
       })
    EXPECT_EQ(drawn(initializer, {288, 64}, 3), first) << to_string(initializer);
}

// Rows or columns, whichever are fewer, have length `gain` and stand upright on each other.
TEST(Initializer, OrthogonalIsOrthogonal) {
  for (const Shape& shape :
       {Shape{64, 10}, {10, 64}, {20, 20}, {3, 3, 2, 32}, {3, 3, 8, 4}, {1, 1}}) {
    const std::int64_t columns = shape.back();
    const std::int64_t rows = element_count(shape) / columns;
    const auto values = drawn(Orthogonal{.gain = 2}, fans_of(shape),
                              static_cast<std::size_t>(element_count(shape)));
    const bool wide = rows < columns;
    const auto element = [&](std::int64_t vector, std::int64_t i) {
      return double{
          values[static_cast<std::size_t>(wide ? vector * columns + i : i * columns + vector)]};
    };
    for (std::int64_t a = 0; a < std::min(rows, columns); ++a) {
      for (std::int64_t b = 0; b <= a; ++b) {
        double product = 0;
        for (std::int64_t i = 0; i < std::max(rows, columns); ++i)
          product += element(a, i) * element(b, i);
        // Every element is rounded to a float: at most 2^-24 of vectors of length 2, twice.
        EXPECT_NEAR(product, a == b ? 4 : 0, 8 * 0x1p-24) << to_string(shape) << a << " " << b;
      }
    }
  }
}

// Without the choice of signs, a decomposition has its own: the first element is then never
// positive, or always.
TEST(Initializer, OrthogonalHasTheSignsOfItsDraws) {
  int positive = 0;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    const float normal = drawn(RandomNormal(), {1, 1}, 1, seed)[0];
    const float sign = drawn(Orthogonal(), {1, 1}, 1, seed)[0];
    EXPECT_EQ(sign, normal < 0 ? -1.0F : 1.0F);
    positive += sign > 0 ? 1 : 0;
  }
  EXPECT_NEAR(positive, 32, 16) << "four standard deviations";
}

TEST(Initializer, OrthogonalIsForKernels) {
  EXPECT_NO_THROW(validate(Orthogonal(), {2, 3}));
  EXPECT_THROW(validate(Orthogonal(), {3}), InvalidArgument);
  Graph graph({4});
  try {
    graph.add(layers::Dense{.units = 3, .bias_initializer = Orthogonal()});
    ADD_FAILURE() << "a bias is no matrix";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(),
                 "dense: bias: orthogonal is for kernels, which have two axes or more, not for a "
                 "tensor of shape (3,): choose another initializer, such as zeros");
  }
}

TEST(Initializer, ConstantsAreConstant) {
  EXPECT_EQ(drawn(Zeros{}, {}, 5), std::vector<float>(5, 0.0F));
  EXPECT_EQ(drawn(Ones{}, {}, 5), std::vector<float>(5, 1.0F));
}

TEST(Initializer, DrawsDependOnSeedTensorAndPlaceAlone) {
  const Fans fans{9, 32};
  const auto values = drawn(HeNormal{}, fans, 10'001, 7, 3);
  EXPECT_EQ(values, drawn(HeNormal{}, fans, 10'001, 7, 3));
  const auto prefix = drawn(HeNormal{}, fans, 13, 7, 3);
  EXPECT_TRUE(std::equal(prefix.begin(), prefix.end(), values.begin()))
      << "a shorter tensor begins the same";
  EXPECT_NE(values, drawn(HeNormal{}, fans, 10'001, 8, 3));
  EXPECT_NE(values, drawn(HeNormal{}, fans, 10'001, 7, 4));
}

TEST(Initializer, AllImagesOfOneSeedAreInTheSameOrder) {
  constexpr std::size_t kCount = 5'000;
  const auto uniform = drawn(GlorotUniform{}, {9, 32}, kCount);
  const auto normal = drawn(LecunNormal{}, {9, 32}, kCount);
  std::vector<std::size_t> order(kCount);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return uniform[a] < uniform[b]; });
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end(),
                             [&](std::size_t a, std::size_t b) { return normal[a] < normal[b]; }));
}

TEST(Initializer, EachIsParsedFromItsText) {
  for (const Initializer& usual : initializer_list()) {
    EXPECT_EQ(to_string(usual), name_of(usual));
    EXPECT_EQ(parse_initializer(name_of(usual)), usual);
  }
  for (const char* text :
       {"orthogonal:gain=2", "random_normal:mean=1:stddev=0.1", "random_uniform:minval=-1",
        "truncated_normal:stddev=1", "variance_scaling:scale=0.1:mode=fan_avg:distribution=uniform",
        "variance_scaling:mode=fan_out:distribution=untruncated_normal"})
    EXPECT_EQ(to_string(parse_initializer(text)), text);
  EXPECT_EQ(parse_initializer("orthogonal:gain=2"), Initializer(Orthogonal{.gain = 2}));
  for (const char* text :
       {"glorot", "HeNormal", "orthogonal:", "orthogonal:2", "orthogonal:gain=inf",
        "orthogonal:gain=nan", "random_normal:stddev=-0.1", "variance_scaling:scale=0",
        "variance_scaling:mode=fan", "random_uniform:minval=1", "zeros:value=0"})
    EXPECT_THROW(parse_initializer(text), InvalidArgument) << text;
}

}  // namespace
}  // namespace saltus
