#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>

#include <saltus/initializer.h>
#include <saltus/kernels/random.h>

#include "core/names.h"

namespace saltus {
namespace {

constexpr Named<Initializer> kNames[] = {
    {Initializer::zeros, "zeros"},
    {Initializer::ones, "ones"},
    {Initializer::glorot_uniform, "glorot_uniform"},
    {Initializer::glorot_normal, "glorot_normal"},
    {Initializer::he_uniform, "he_uniform"},
    {Initializer::he_normal, "he_normal"},
    {Initializer::lecun_uniform, "lecun_uniform"},
    {Initializer::lecun_normal, "lecun_normal"},
};

/// The variance that an initializer asks for.
double variance_of(Initializer initializer, Fans fans) {
  const auto in = static_cast<double>(fans.in);
  const auto out = static_cast<double>(fans.out);
  switch (initializer) {
    case Initializer::glorot_uniform:
    case Initializer::glorot_normal:
      return 2 / (in + out);
    case Initializer::he_uniform:
    case Initializer::he_normal:
      return 2 / in;
    case Initializer::lecun_uniform:
    case Initializer::lecun_normal:
      return 1 / in;
    case Initializer::zeros:
    case Initializer::ones:
      break;
  }
  return 0;
}

/// Element e is quantile(u), with u the middle of one of 2^32 equal parts of (0, 1).
template <typename Quantile>
void draw(std::uint64_t seed, std::uint32_t tensor, std::span<float> values, Quantile quantile) {
  const auto count = static_cast<std::int64_t>(values.size());
  const std::int64_t blocks = (count + 3) / 4;
  for (std::int64_t block = 0; block < blocks; ++block) {
    const kernels::Words4 random = kernels::random_words(
        seed, kernels::Purpose::initial_weights, tensor, 0, static_cast<std::uint32_t>(block));
    const std::uint32_t words[4] = {random.w0, random.w1, random.w2, random.w3};
    const std::int64_t first = block * 4;
    for (std::int64_t lane = 0; lane < std::min<std::int64_t>(4, count - first); ++lane) {
      const double u = (words[lane] + 0.5) * 0x1p-32;
      values[static_cast<std::size_t>(first + lane)] = static_cast<float>(quantile(u));
    }
  }
}

/// Inverse error function without Boost's detour over long double, which a float does not need.
double inverse_erf(double x) {
  using namespace boost::math::policies;
  return boost::math::erf_inv(x, policy<promote_double<false>>());
}

}  // namespace

std::string_view to_string(Initializer initializer) {
  return name_in(kNames, initializer);
}

Initializer parse_initializer(std::string_view name) {
  return parse_in(kNames, "initializer", name);
}

Fans fans_of(const Shape& shape) {
  if (shape.empty()) return {};
  if (shape.size() == 1) return {shape[0], shape[0]};
  element_count(shape);  // the products below are no larger
  const std::int64_t in = shape[shape.size() - 2];
  const std::int64_t out = shape.back();
  const std::int64_t window = element_count(Shape(shape.begin(), shape.end() - 2));
  return {window * in, window * out};
}

void initialize(Initializer initializer, Fans fans, std::uint64_t seed, std::uint32_t tensor,
                std::span<float> values) {
  const double deviation = std::sqrt(variance_of(initializer, fans));
  switch (initializer) {
    case Initializer::zeros:
      std::fill(values.begin(), values.end(), 0.0F);
      break;
    case Initializer::ones:
      std::fill(values.begin(), values.end(), 1.0F);
      break;
    case Initializer::glorot_uniform:
    case Initializer::he_uniform:
    case Initializer::lecun_uniform: {
      const double limit = std::sqrt(3.0) * deviation;
      draw(seed, tensor, values, [limit](double u) { return limit * (2 * u - 1); });
      break;
    }
    case Initializer::glorot_normal:
    case Initializer::he_normal:
    case Initializer::lecun_normal: {
      // The standard deviation that remains of a normal distribution cut at two of its own.
      constexpr double kRemaining = 0.87962566103423978;
      const double inside = std::erf(std::sqrt(2.0));  // the share of it that is kept
      const double scale = std::sqrt(2.0) * deviation / kRemaining;
      draw(seed, tensor, values,
           [=](double u) { return scale * inverse_erf((2 * u - 1) * inside); });
      break;
    }
  }
}

}  // namespace saltus
