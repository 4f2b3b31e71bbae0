#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

#include <saltus/kernels/entry.h>
#include <saltus/shape.h>

namespace saltus {

/// How a weight starts: what keras.initializers has, with Keras's names and defaults. Each has its
/// values as members, kName, by which users type it, and parameters(), its values by name.
namespace initializers {

/// The fan that variance is divided by; fan_avg is the mean of both.
enum class FanMode { fan_in, fan_out, fan_avg };

/// A normal distribution that is cut at two standard deviations and rescaled, so that the standard
/// deviation that results is the one asked for; one that is not cut; or a uniform one.
enum class Distribution { truncated_normal, untruncated_normal, uniform };

/// Values around 0 of variance scale / fan.
struct VarianceScaling {
  double scale = 1;
  FanMode mode = FanMode::fan_in;
  Distribution distribution = Distribution::truncated_normal;

  static constexpr std::string_view kName = "variance_scaling";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("scale", &VarianceScaling::scale, kernels::kPositive),
                      kernels::choice("mode", &VarianceScaling::mode),
                      kernels::choice("distribution", &VarianceScaling::distribution));
  }
  bool operator==(const VarianceScaling&) const = default;
};

/// All 0.
struct Zeros {
  static constexpr std::string_view kName = "zeros";
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const Zeros&) const = default;
};

/// All 1.
struct Ones {
  static constexpr std::string_view kName = "ones";
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const Ones&) const = default;
};

/// All `value`.
struct Constant {
  double value = 0;

  static constexpr std::string_view kName = "constant";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("value", &Constant::value, kernels::kFinite));
  }
  bool operator==(const Constant&) const = default;
};

/// From Glorot and Bengio (2010).
struct GlorotUniform {
  static constexpr std::string_view kName = "glorot_uniform";
  static constexpr VarianceScaling kRule = {1, FanMode::fan_avg, Distribution::uniform};
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const GlorotUniform&) const = default;
};
struct GlorotNormal {
  static constexpr std::string_view kName = "glorot_normal";
  static constexpr VarianceScaling kRule = {1, FanMode::fan_avg, Distribution::truncated_normal};
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const GlorotNormal&) const = default;
};

/// From He et al. (arXiv 1502.01852).
struct HeUniform {
  static constexpr std::string_view kName = "he_uniform";
  static constexpr VarianceScaling kRule = {2, FanMode::fan_in, Distribution::uniform};
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const HeUniform&) const = default;
};
struct HeNormal {
  static constexpr std::string_view kName = "he_normal";
  static constexpr VarianceScaling kRule = {2, FanMode::fan_in, Distribution::truncated_normal};
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const HeNormal&) const = default;
};

/// From LeCun et al., "Efficient BackProp" (1998).
struct LecunUniform {
  static constexpr std::string_view kName = "lecun_uniform";
  static constexpr VarianceScaling kRule = {1, FanMode::fan_in, Distribution::uniform};
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const LecunUniform&) const = default;
};
struct LecunNormal {
  static constexpr std::string_view kName = "lecun_normal";
  static constexpr VarianceScaling kRule = {1, FanMode::fan_in, Distribution::truncated_normal};
  static constexpr std::tuple<> parameters() { return {}; }
  bool operator==(const LecunNormal&) const = default;
};

/// A normal distribution.
struct RandomNormal {
  double mean = 0;
  double stddev = 0.05;

  static constexpr std::string_view kName = "random_normal";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("mean", &RandomNormal::mean, kernels::kFinite),
                      kernels::number("stddev", &RandomNormal::stddev, kernels::kNotNegative));
  }
  bool operator==(const RandomNormal&) const = default;
};

/// A normal distribution of which what is more than two standard deviations from the mean is drawn
/// again: the standard deviation that results is 0.8796 of `stddev`.
struct TruncatedNormal {
  double mean = 0;
  double stddev = 0.05;

  static constexpr std::string_view kName = "truncated_normal";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("mean", &TruncatedNormal::mean, kernels::kFinite),
                      kernels::number("stddev", &TruncatedNormal::stddev, kernels::kNotNegative));
  }
  bool operator==(const TruncatedNormal&) const = default;
};

/// A uniform distribution.
struct RandomUniform {
  double minval = -0.05;
  double maxval = 0.05;

  static constexpr std::string_view kName = "random_uniform";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("minval", &RandomUniform::minval, kernels::kFinite),
                      kernels::number("maxval", &RandomUniform::maxval, kernels::kFinite));
  }
  [[nodiscard]] constexpr std::string_view conflict() const {
    return minval > maxval ? "minval must not be above maxval" : "";
  }
  bool operator==(const RandomUniform&) const = default;
};

/// `gain` times a random orthogonal matrix (Saxe et al., arXiv 1312.6120): the Q of a QR
/// decomposition of normal draws, with the signs for which R's diagonal is positive. The matrix has
/// the kernel's last axis as its columns and all others as its rows; the shorter of rows and
/// columns are orthonormal.
struct Orthogonal {
  double gain = 1;

  static constexpr std::string_view kName = "orthogonal";
  static constexpr auto parameters() {
    return std::tuple(kernels::number("gain", &Orthogonal::gain, kernels::kFinite));
  }
  bool operator==(const Orthogonal&) const = default;
};

}  // namespace initializers

/// One of the initializers.
using Initializer =
    std::variant<initializers::Zeros, initializers::Ones, initializers::Constant,
                 initializers::GlorotUniform, initializers::GlorotNormal, initializers::HeUniform,
                 initializers::HeNormal, initializers::LecunUniform, initializers::LecunNormal,
                 initializers::RandomNormal, initializers::RandomUniform,
                 initializers::TruncatedNormal, initializers::VarianceScaling,
                 initializers::Orthogonal>;

/// Every initializer with its defaults, in the order of the list.
SALTUS_API const std::vector<Initializer>& initializer_list();

/// "orthogonal"
SALTUS_API std::string_view name_of(const Initializer& initializer);

/// "glorot_uniform", "orthogonal:gain=2": the text that parse_initializer() makes such an
/// initializer of.
SALTUS_API std::string to_string(const Initializer& initializer);

/// "variance_scaling:scale=2:mode=fan_out": a name of the list, then values; what is not given has
/// its default. Throws InvalidArgument for what is unknown or not legal.
SALTUS_API Initializer parse_initializer(std::string_view text);

/// Throws InvalidArgument where a value is out of range, minval is above maxval, or a tensor of
/// that shape cannot be orthogonal, for which it needs two axes or more.
SALTUS_API void validate(const Initializer& initializer);
SALTUS_API void validate(const Initializer& initializer, const Shape& shape);

/// Number of inputs and outputs that one weight tensor connects; for a convolution both count the
/// whole window.
struct Fans {
  std::int64_t in = 1;
  std::int64_t out = 1;
};

/// Keras's fans: of a kernel {..., in, out} each times the window; of a vector its length, twice.
/// Throws as element_count().
SALTUS_API Fans fans_of(const Shape& shape);

/// Fills `values` with the initial weights of tensor number `tensor` of a model. Element e is a
/// fixed function of (seed, tensor, e) through the inverse distribution function, so initializers
/// of one seed are monotone images of the same draws; but those of an orthogonal matrix depend on
/// all its draws.
SALTUS_API void initialize(const Initializer& initializer, Fans fans, std::uint64_t seed,
                           std::uint32_t tensor, std::span<float> values);

}  // namespace saltus
