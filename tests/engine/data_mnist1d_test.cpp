#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>

#include <saltus/dataset.h>

#include "data/mnist1d.h"

namespace saltus {
namespace {

TEST(Mnist1d, HasTheSizeOfThePaper) {
  const ImageDataset data = load_dataset("mnist1d");
  EXPECT_EQ(data.name, "mnist1d");
  EXPECT_EQ(data.title, "MNIST-1D");
  EXPECT_EQ(data.source, "");
  EXPECT_EQ(data.classes, 10);
  EXPECT_EQ(data.train.count, 4000);
  EXPECT_EQ(data.test.count, 1000);
  std::array<int, 10> seen{};
  double sum = 0;
  double squares = 0;
  for (const ImageSet* set : {&data.train, &data.test}) {
    EXPECT_EQ(set->height, 1);
    EXPECT_EQ(set->width, 40);
    EXPECT_EQ(set->channels, 1);
    for (const std::int32_t label : set->labels) ++seen[static_cast<std::size_t>(label)];
    for (const float value : std::get<std::vector<float>>(set->pixels)) {
      sum += value;
      squares += double{value} * value;
    }
  }
  EXPECT_THAT(seen, ::testing::Each(500));
  // 200,000 floats, each rounded by 2^-24 of its size.
  EXPECT_NEAR(sum / 200000, 0, 1e-6);
  EXPECT_NEAR(squares / 200000, 1, 1e-6);
}

// Whoever trains on it again has the same signals.
TEST(Mnist1d, IsTheSameEverywhere) {
  const ImageDataset data = load_dataset("mnist1d");
  EXPECT_EQ(data.train.images_md5, "487a6eeb4a68fd150a08fdb755980f1d");
  EXPECT_EQ(data.train.labels_md5, "44aabe42bda3edc4ee4af0c7ef78bc5f");
  EXPECT_EQ(data.test.images_md5, "2c809a46b23cd502670a26cdddc0a9e4");
  EXPECT_EQ(data.test.labels_md5, "4531516440fdb0fc7c6d9cb60568b22b");
}

TEST(Mnist1d, DrawsWholeRanges) {
  int least_padding = 99;
  int most_padding = 0;
  std::size_t most_shift = 0;
  double normals = 0;
  for (std::uint32_t sample = 0; sample < 5000; ++sample) {
    const Mnist1dDraws draws = mnist1d_draws(sample);
    least_padding = std::min(least_padding, draws.padding);
    most_padding = std::max(most_padding, draws.padding);
    most_shift = std::max(most_shift, draws.shift);
    for (const double share : {draws.scale, draws.shear}) {
      EXPECT_GE(share, 0);
      EXPECT_LT(share, 1);
    }
    for (const auto* normal : {&draws.background, &draws.noise}) {
      normals += std::inner_product(normal->begin(), normal->end(), normal->begin(), 0.0);
    }
  }
  EXPECT_EQ(least_padding, 36);
  EXPECT_EQ(most_padding, 60);
  EXPECT_EQ(most_shift, 47U);
  // A mean of 720,000 squares has a deviation of sqrt(2 / 720,000) = 0.0017: five of these.
  EXPECT_NEAR(normals / 720000, 1, 0.0085);
}

// Without noise and shear the signal is the template, moved by the shift.
TEST(Mnist1d, AShiftMovesTheSignalAroundTheEnd) {
  Mnist1dDraws draws;
  draws.padding = 60;
  const auto still = mnist1d_signal(7, draws);
  draws.shift = 36;  // half of the signal
  const auto moved = mnist1d_signal(7, draws);
  EXPECT_NE(still, moved);
  const auto place = [](const auto& signal) {
    return std::ranges::max_element(signal) - signal.begin();
  };
  EXPECT_GE(place(moved), place(still) + 19);
  EXPECT_LE(place(moved), place(still) + 21);
}

}  // namespace
}  // namespace saltus
