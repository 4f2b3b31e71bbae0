#include "diagnostics/effective_rank.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace saltus::diagnostics {
namespace {

/// A symmetric matrix with nothing beside these.
struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> beside;  ///< one less
};

/// Each reflection I - factor v v' clears a column below its second element.
Tridiagonal tridiagonal(std::vector<double> a, std::size_t n) {
  Tridiagonal result{std::vector<double>(n), std::vector<double>(n > 0 ? n - 1 : 0)};
  std::vector<double> v(n);
  std::vector<double> w(n);
  for (std::size_t k = 0; k + 2 < n; ++k) {
    double squares = 0;
    for (std::size_t i = k + 1; i < n; ++i) {
      v[i] = a[k * n + i];
      squares += v[i] * v[i];
    }
    const double first = v[k + 1];
    const double length = first > 0 ? -std::sqrt(squares) : std::sqrt(squares);
    result.diagonal[k] = a[k * n + k];
    result.beside[k] = length;
    if (squares == 0) continue;
    v[k + 1] -= length;
    const double factor = 1 / (squares - first * length);
    double projection = 0;
    for (std::size_t i = k + 1; i < n; ++i) {
      double sum = 0;
      for (std::size_t j = k + 1; j < n; ++j) sum += a[i * n + j] * v[j];
      w[i] = factor * sum;
      projection += w[i] * v[i];
    }
    for (std::size_t i = k + 1; i < n; ++i) w[i] -= factor / 2 * projection * v[i];
    for (std::size_t i = k + 1; i < n; ++i)
      for (std::size_t j = k + 1; j < n; ++j) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
  }
  for (std::size_t k = n > 2 ? n - 2 : 0; k < n; ++k) {
    result.diagonal[k] = a[k * n + k];
    if (k + 1 < n) result.beside[k] = a[k * n + k + 1];
  }
  return result;
}

/// The eigenvalue of the last two rows' block that is nearer to its last element.
double wilkinson_shift(const Tridiagonal& t, std::size_t last) {
  const double half = (t.diagonal[last - 1] - t.diagonal[last]) / 2;
  const double beside = t.beside[last - 1];
  const double root = std::hypot(half, beside);
  return t.diagonal[last] - beside * beside / (half + (half < 0 ? -root : root));
}

/// A QR step on rows `first` to `last`, by rotations of neighbours.
void qr_step(Tridiagonal& t, std::size_t first, std::size_t last) {
  double x = t.diagonal[first] - wilkinson_shift(t, last);
  double z = t.beside[first];
  for (std::size_t k = first; k < last; ++k) {
    const double r = std::hypot(x, z);
    const double c = r == 0 ? 1 : x / r;
    const double s = r == 0 ? 0 : z / r;
    if (k > first) t.beside[k - 1] = r;
    const double upper = t.diagonal[k];
    const double lower = t.diagonal[k + 1];
    const double beside = t.beside[k];
    t.diagonal[k] = c * c * upper + 2 * c * s * beside + s * s * lower;
    t.diagonal[k + 1] = s * s * upper - 2 * c * s * beside + c * c * lower;
    t.beside[k] = (c * c - s * s) * beside + c * s * (lower - upper);
    if (k + 1 == last) break;
    x = t.beside[k];
    z = s * t.beside[k + 1];
    t.beside[k + 1] *= c;
  }
}

/// In lanes: additions of one lane wait for each other.
double product(const float* a, const float* b, std::size_t count) {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> sums = {};
  std::size_t i = 0;
  for (; i + kLanes <= count; i += kLanes)
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      sums[lane] += double{a[i + lane]} * b[i + lane];
  for (; i < count; ++i) sums[0] += double{a[i]} * b[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

}  // namespace

std::vector<double> symmetric_eigenvalues(std::vector<double> matrix, std::size_t n) {
  Tridiagonal t = tridiagonal(std::move(matrix), n);
  const auto is_small = [&](std::size_t k) {
    return std::abs(t.beside[k]) <= std::numeric_limits<double>::epsilon() *
                                        (std::abs(t.diagonal[k]) + std::abs(t.diagonal[k + 1]));
  };
  std::size_t last = n == 0 ? 0 : n - 1;
  // Two steps an eigenvalue are usual.
  for (std::size_t left = 60 * n; last > 0; --left) {
    if (left == 0) throw std::logic_error("the eigenvalues of a matrix do not converge");
    if (is_small(last - 1)) {
      --last;
      continue;
    }
    std::size_t first = last - 1;
    while (first > 0 && !is_small(first - 1)) --first;
    qr_step(t, first, last);
  }
  return t.diagonal;
}

double effective_rank(std::span<const float> matrix, std::size_t rows, std::size_t columns) {
  if (!std::ranges::all_of(matrix, [](float value) { return std::isfinite(value); }))
    return std::numeric_limits<double>::quiet_NaN();
  // The smaller of the two products of the matrix with itself has the same singular values.
  const std::size_t n = std::min(rows, columns);
  std::vector<double> gram(n * n);
  if (rows <= columns) {
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j <= i; ++j) {
        gram[i * n + j] = gram[j * n + i] =
            product(&matrix[i * columns], &matrix[j * columns], columns);
      }
    }
  } else {
    for (std::size_t k = 0; k < rows; ++k)
      for (std::size_t i = 0; i < columns; ++i)
        for (std::size_t j = 0; j < columns; ++j)
          gram[i * n + j] += double{matrix[k * columns + i]} * matrix[k * columns + j];
  }
  std::vector<double> singular = symmetric_eigenvalues(std::move(gram), n);
  double sum = 0;
  for (double& value : singular) {
    value = std::sqrt(std::max(value, 0.0));
    sum += value;
  }
  if (sum == 0) return 0;
  double entropy = 0;
  for (const double value : singular)
    if (value > 0) entropy -= value / sum * std::log(value / sum);
  return std::exp(entropy);
}

}  // namespace saltus::diagnostics
