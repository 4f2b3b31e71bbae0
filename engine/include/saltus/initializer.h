#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <span>
#include <string_view>

#include <saltus/shape.h>

namespace saltus {

/// How a weight starts. Variance-scaling rules follow Keras: `glorot` scales by (fan_in + fan_out)
/// / 2, `he` by fan_in / 2, `lecun` by fan_in; `normal` is a normal distribution cut at two
/// standard deviations and rescaled, so that the standard deviation that results is the one the
/// rule asks for.
enum class Initializer {
  zeros,
  ones,
  glorot_uniform,
  glorot_normal,
  he_uniform,
  he_normal,
  lecun_uniform,
  lecun_normal,
};

/// "glorot_uniform" and so on.
SALTUS_API std::string_view to_string(Initializer initializer);

/// The initializer of that name. Throws InvalidArgument with the known names.
SALTUS_API Initializer parse_initializer(std::string_view name);

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
/// of one seed are monotone images of the same draws.
SALTUS_API void initialize(Initializer initializer, Fans fans, std::uint64_t seed,
                           std::uint32_t tensor, std::span<float> values);

}  // namespace saltus
