#include "tests/kernels/walk/host.h"

#include <algorithm>
#include <array>

#include "backend/cpu/loops.h"

namespace saltus::test {
namespace {

constexpr std::int64_t kPiece = 4096;

Stretch piece_of(const Stretch& whole, std::int64_t first) {
  return {whole.bits(first), whole.stride, std::min(kPiece, whole.count - first)};
}

}  // namespace

void evaluate_on_host(const kernels::ActivationRef& activation, const Stretch& stretch, float* y,
                      float* slope) {
  for (std::int64_t i = 0; i < stretch.count; ++i) y[i] = kernels::float_of(stretch.bits(i));
  constexpr auto kFloat = plan::DType::f32;
  cpu::loops().activate(activation, {y, kFloat}, {y, kFloat}, slope, stretch.count);
}

Checksums checksums_on_host(const kernels::ActivationRef& activation, const Stretch& stretch) {
  unsigned long long f = 0;
  unsigned long long df = 0;
#pragma omp parallel for reduction(+ : f, df) if (stretch.count > 16 * kPiece)
  for (std::int64_t first = 0; first < stretch.count; first += kPiece) {
    std::array<float, kPiece> y;
    std::array<float, kPiece> slope;
    const Stretch piece = piece_of(stretch, first);
    evaluate_on_host(activation, piece, y.data(), slope.data());
    for (std::int64_t i = 0; i < piece.count; ++i) {
      const auto place = static_cast<std::size_t>(i);
      f += mixed(piece.bits(i), y[place]);
      df += mixed(piece.bits(i), slope[place]);
    }
  }
  return {f, df};
}

}  // namespace saltus::test
