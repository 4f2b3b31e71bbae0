#include <variant>

#include <saltus/theory.h>

#include "core/boundary.h"

namespace saltus {
namespace {

using namespace initializers;

/// A normal distribution that is cut at two standard deviations has this part of its variance.
constexpr double kCutVariance = 0.87962566103423978 * 0.87962566103423978;

/// Of a layer with `width` inputs and units.
struct WeightVariance {
  double width;

  double operator()(const Zeros& /*zeros*/) const { return 0; }
  double operator()(const Ones& /*ones*/) const { return 0; }
  double operator()(const Constant& /*constant*/) const { return 0; }
  template <class Kind>
  requires requires { Kind::kRule; }
  double operator()(const Kind& /*kind*/) const { return Kind::kRule.scale; }
  double operator()(const VarianceScaling& scaling) const { return scaling.scale; }
  double operator()(const RandomNormal& normal) const {
    return width * normal.stddev * normal.stddev;
  }
  double operator()(const TruncatedNormal& normal) const {
    return width * kCutVariance * normal.stddev * normal.stddev;
  }
  double operator()(const RandomUniform& uniform) const {
    const double range = uniform.maxval - uniform.minval;
    return width * range * range / 12;
  }
  double operator()(const Orthogonal& orthogonal) const {
    return orthogonal.gain * orthogonal.gain;
  }
};

}  // namespace

double weight_variance_of(const Initializer& initializer, std::int64_t width) try {
  validate(initializer);
  return std::visit(WeightVariance{static_cast<double>(width)}, initializer);
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
