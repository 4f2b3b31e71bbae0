// The effective rank of matrices, and the eigenvalues that it is made of.
#include "diagnostics/effective_rank.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

namespace saltus {
namespace {

TEST(EffectiveRank, IsThatOfMatricesThatAreKnown) {
  using diagnostics::effective_rank;
  const std::vector<float> identity = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  EXPECT_NEAR(effective_rank(identity, 3, 3), 3, 1e-12);
  const std::vector<float> line = {1, 2, 2, 4, -3, -6, 0.5, 1};  // one direction
  EXPECT_NEAR(effective_rank(line, 4, 2), 1, 1e-6);  // its other singular value is rounding's
  EXPECT_NEAR(effective_rank(line, 2, 4), effective_rank({{1, -3, 2, -6, 2, 0.5, 4, 1}}, 4, 2),
              1e-9);
  // Singular values 3 and 1: shares 3/4 and 1/4.
  const std::vector<float> two = {3, 0, 0, 1};
  EXPECT_NEAR(effective_rank(two, 2, 2), std::exp(-0.75 * std::log(0.75) - 0.25 * std::log(0.25)),
              1e-12);
  EXPECT_EQ(effective_rank(std::vector<float>(6), 2, 3), 0);
  EXPECT_TRUE(std::isnan(effective_rank({{1, INFINITY}}, 1, 2)));
  EXPECT_EQ(effective_rank({{5}}, 1, 1), 1);
}

TEST(EffectiveRank, FindsEigenvaluesOfASymmetricMatrix) {
  // Of the second difference of n points: 2 - 2 cos(k pi / (n + 1)); the matrix is turned so that
  // it is full.
  constexpr std::size_t kSize = 40;
  std::vector<double> matrix(kSize * kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    matrix[i * kSize + i] = 2;
    if (i + 1 < kSize) matrix[i * kSize + i + 1] = matrix[(i + 1) * kSize + i] = -1;
  }
  // H A H with H = I - 2 v v' for a unit v.
  std::vector<double> v(kSize);
  for (std::size_t i = 0; i < kSize; ++i) v[i] = std::sin(1.0 + static_cast<double>(i));
  const double length = std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0));
  for (double& value : v) value /= length;
  const auto reflect = [&](bool rows) {
    for (std::size_t i = 0; i < kSize; ++i) {
      const auto at = [&](std::size_t j) -> double& {
        return rows ? matrix[j * kSize + i] : matrix[i * kSize + j];
      };
      double along = 0;
      for (std::size_t j = 0; j < kSize; ++j) along += at(j) * v[j];
      for (std::size_t j = 0; j < kSize; ++j) at(j) -= 2 * along * v[j];
    }
  };
  reflect(true);
  reflect(false);
  std::vector<double> found = diagnostics::symmetric_eigenvalues(matrix, kSize);
  std::ranges::sort(found);
  for (std::size_t k = 0; k < kSize; ++k) {
    const double angle = static_cast<double>(k + 1) * M_PI / (kSize + 1);
    EXPECT_NEAR(found[k], 2 - 2 * std::cos(angle), 1e-12 * kSize);
  }
  EXPECT_TRUE(diagnostics::symmetric_eigenvalues({}, 0).empty());
}

}  // namespace
}  // namespace saltus
