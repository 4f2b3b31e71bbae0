#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <numbers>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/initializer.h>
#include <saltus/kernels/random.h>

#include "core/entries.h"

namespace saltus {
namespace initializers {
namespace {

constexpr Named<FanMode> kModes[] = {
    {FanMode::fan_in, "fan_in"},
    {FanMode::fan_out, "fan_out"},
    {FanMode::fan_avg, "fan_avg"},
};
constexpr Named<Distribution> kDistributions[] = {
    {Distribution::truncated_normal, "truncated_normal"},
    {Distribution::untruncated_normal, "untruncated_normal"},
    {Distribution::uniform, "uniform"},
};

}  // namespace

static constexpr const auto& names_of(FanMode /*any*/) {
  return kModes;
}
static constexpr const auto& names_of(Distribution /*any*/) {
  return kDistributions;
}

}  // namespace initializers

namespace {

using namespace initializers;

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

/// The standard deviation that remains of a normal distribution cut at two of its own.
constexpr double kRemaining = 0.87962566103423978;

/// Draws weights of one tensor.
class Drawing {
 public:
  Drawing(Fans fans, std::uint64_t seed, std::uint32_t tensor, std::span<float> values)
      : fans_(fans), seed_(seed), tensor_(tensor), values_(values) {}

  void operator()(const Zeros& /*initializer*/) const { std::ranges::fill(values_, 0.0F); }
  void operator()(const Ones& /*initializer*/) const { std::ranges::fill(values_, 1.0F); }
  void operator()(const Constant& constant) const {
    std::ranges::fill(values_, static_cast<float>(constant.value));
  }
  template <class I>
  requires requires { I::kRule; }
  void operator()(const I& /*initializer*/) const { (*this)(I::kRule); }
  void operator()(const RandomNormal& normal) const {
    fill_normal(values_, normal.mean, normal.stddev);
  }
  void operator()(const TruncatedNormal& normal) const {
    fill_truncated(normal.mean, std::numbers::sqrt2 * normal.stddev);
  }
  void operator()(const RandomUniform& uniform) const {
    fill_uniform((uniform.minval + uniform.maxval) / 2, (uniform.maxval - uniform.minval) / 2);
  }
  void operator()(const VarianceScaling& scaling) const {
    const double deviation = std::sqrt(scaling.scale / fan(scaling.mode));
    switch (scaling.distribution) {
      case Distribution::uniform:
        return fill_uniform(0, std::sqrt(3.0) * deviation);
      case Distribution::untruncated_normal:
        return fill_normal(values_, 0, deviation);
      case Distribution::truncated_normal:
        return fill_truncated(0, std::sqrt(2.0) * deviation / kRemaining);
    }
  }
  void operator()(const Orthogonal& orthogonal) const;

 private:
  [[nodiscard]] double fan(FanMode mode) const {
    const auto in = static_cast<double>(fans_.in);
    const auto out = static_cast<double>(fans_.out);
    if (mode == FanMode::fan_avg) return (in + out) / 2;
    return mode == FanMode::fan_in ? in : out;
  }
  void fill_uniform(double middle, double limit) const {
    draw(seed_, tensor_, values_, [=](double u) { return middle + limit * (2 * u - 1); });
  }
  void fill_normal(std::span<float> values, double mean, double deviation) const {
    const double scale = std::numbers::sqrt2 * deviation;
    draw(seed_, tensor_, values, [=](double u) { return mean + scale * inverse_erf(2 * u - 1); });
  }
  /// `scale` is sqrt(2) times the standard deviation before the cut.
  void fill_truncated(double mean, double scale) const {
    const double inside = std::erf(std::sqrt(2.0));  // the share that is kept
    draw(seed_, tensor_, values_,
         [=](double u) { return mean + scale * inverse_erf((2 * u - 1) * inside); });
  }

  Fans fans_;
  std::uint64_t seed_;
  std::uint32_t tensor_;
  std::span<float> values_;
};

using Vector = std::vector<double>;

double product(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

/// Makes vectors orthonormal by Gram and Schmidt's way, in which R's diagonal is positive; each
/// twice, after which nothing is left of what rounding leaves the first time.
void orthonormalize(std::vector<Vector>& vectors) {
  for (std::size_t j = 0; j < vectors.size(); ++j) {
    Vector& vector = vectors[j];
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t k = 0; k < j; ++k) {
        const double share = product(vectors[k], vector);
        for (std::size_t i = 0; i < vector.size(); ++i) vector[i] -= share * vectors[k][i];
      }
    }
    const double norm = std::sqrt(product(vector, vector));
    for (double& element : vector) element /= norm;
  }
}

void Drawing::operator()(const Orthogonal& orthogonal) const {
  const auto rows = static_cast<std::size_t>(fans_.in);
  const std::size_t columns = values_.size() / rows;
  // The draws are those of a matrix of no fewer rows than columns; that is transposed if need be.
  const auto [shorter, longer] = std::minmax(rows, columns);
  std::vector<float> draws(values_.size());
  fill_normal(draws, 0, 1);
  std::vector<Vector> vectors(shorter, Vector(longer));
  for (std::size_t i = 0; i < draws.size(); ++i)
    vectors[i % shorter][i / shorter] = double{draws[i]};
  orthonormalize(vectors);
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const std::size_t row = i / columns, column = i % columns;
    const double element = rows < columns ? vectors[row][column] : vectors[column][row];
    values_[i] = static_cast<float>(orthogonal.gain * element);
  }
}

}  // namespace

const std::vector<Initializer>& initializer_list() {
  static const std::vector<Initializer> list = usual_entries<Initializer>();
  return list;
}

std::string_view name_of(const Initializer& initializer) {
  return entry_name(initializer);
}

std::string to_string(const Initializer& initializer) {
  return std::string(name_of(initializer)) + values_of(initializer, ":");
}

Initializer parse_initializer(std::string_view text) {
  const auto initializer = parse_entry<Initializer>("initializer", text, "orthogonal:gain=2");
  validate(initializer);
  return initializer;
}

void validate(const Initializer& initializer) {
  validate_entry(initializer);
}

void validate(const Initializer& initializer, const Shape& shape) {
  validate(initializer);
  if (std::holds_alternative<Orthogonal>(initializer) && shape.size() < 2) {
    throw InvalidArgument(fmt::format(
        "orthogonal is for kernels, which have two axes or more, not for a tensor of shape {}: "
        "choose another initializer, such as zeros",
        to_string(shape)));
  }
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

void initialize(const Initializer& initializer, Fans fans, std::uint64_t seed, std::uint32_t tensor,
                std::span<float> values) {
  std::visit(Drawing(fans, seed, tensor, values), initializer);
}

}  // namespace saltus
