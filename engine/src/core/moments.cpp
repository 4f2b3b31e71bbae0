#include <type_traits>
#include <variant>

#include <fmt/format.h>

#include <saltus/error.h>
#include <saltus/moments.h>

#include "core/boundary.h"

namespace saltus {
namespace {

/// Of values as `seen` gives them. Differences are taken from the first row, so that what never
/// changes has that very mean, and a variance of 0.
template <class Value, class Seen>
FeatureMoments moments(std::span<const Value> values, std::int64_t features, const Seen& seen) {
  if (features < 1 || values.empty() || values.size() % static_cast<std::size_t>(features) != 0) {
    throw InvalidArgument(fmt::format(
        "{} values have no moments of {} features: give whole samples", values.size(), features));
  }
  const auto width = static_cast<std::size_t>(features);
  const auto rows = static_cast<double>(values.size() / width);
  const auto off = [&](std::size_t i) { return double{seen(values[i])} - seen(values[i % width]); };
  std::vector<double> mean(width);
  for (std::size_t i = 0; i < values.size(); ++i) mean[i % width] += off(i) / rows;
  std::vector<double> variance(width);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double centred = off(i) - mean[i % width];
    variance[i % width] += centred * centred / rows;
  }
  FeatureMoments result;
  for (std::size_t i = 0; i < width; ++i) {
    result.mean.push_back(static_cast<float>(seen(values[i]) + mean[i]));
    result.variance.push_back(static_cast<float>(variance[i]));
  }
  return result;
}

}  // namespace

FeatureMoments moments_of(const Samples& samples, std::int64_t features) try {
  return std::visit(
      [&](const auto& inputs) {
        using Value = std::remove_const_t<typename std::decay_t<decltype(inputs)>::element_type>;
        constexpr float kScale = std::is_same_v<Value, std::uint8_t> ? 1.0F / 255 : 1.0F;
        return moments(inputs, features, [](Value value) { return value * kScale; });
      },
      samples.inputs);
} catch (...) {
  throw_as_promised();
}

FeatureMoments moments_of(std::span<const float> values, std::int64_t features) try {
  return moments(values, features, [](float value) { return value; });
} catch (...) {
  throw_as_promised();
}

}  // namespace saltus
