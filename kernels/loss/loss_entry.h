// What an entry of the list of losses is. See CONTRIBUTING.md.
#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <saltus/kernels/entry.h>
#include <saltus/kernels/math.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// What the loss of a sample is made of: the sum over its outputs or their mean. `classes` is a sum
/// over outputs that are divided by their sum first: the probabilities of classes.
enum class Reduction : std::uint8_t { sum, mean, classes };

/// An output as a loss sees it.
struct LossOutput {
  double x;     ///< as it came
  double t;     ///< what it should be
  double p;     ///< the probability made of it, or x itself
  double rest;  ///< 1 - p

  // Where p is the softmax of x:
  double below = 0;   ///< x - the largest x of the sample
  double others = 0;  ///< the sum of exp(below) over all outputs but the largest
  SALTUS_HD double log_p() const { return below - math::log1p(others); }
};

/// Keras clips probabilities to [1e-7, 1 - 1e-7] in float, where 1 - 1e-7 is the number below 1.
inline constexpr double kLeastProbability = 1e-7F;
inline constexpr double kMostProbability = 1.0F - 1e-7F;
SALTUS_HD bool inside_clip(double p) {
  return p >= kLeastProbability && p <= kMostProbability;
}

/// Keras's label smoothing: a target t of one of so many classes.
SALTUS_HD double smoothed(double t, double smoothing, int classes) {
  return t * (1 - smoothing) + smoothing / classes;
}

/// What the loss of a sample is computed from.
template <class L>
concept LossTerms = requires(const L& loss, const LossOutput& output) {
  { L::kReduction } -> std::convertible_to<Reduction>;
  // What an output adds to the loss, and the derivative of that by p.
  { loss.term(output) } -> std::same_as<double>;
  { loss.slope(output) } -> std::same_as<double>;
};

/// An entry of the list: its parameters as public members, each with its default, and what the
/// concept asks for. It may have more:
///
///     bool from_logits                 with Reduction::classes: outputs are logits
///     double target(double t, int outputs) const     what the loss makes of a target
///     double softmax_term(const LossOutput&) const   term() where p is the softmax of x
///     double softmax_slope(const LossOutput&) const  p slope() there, if that would divide by p
///     L formula() const                another entry whose formula is its own
template <class L>
concept LossEntry = std::is_trivially_copyable_v<L> && requires(const L& loss) {
  // Its name as users type it.
  { L::kName } -> std::convertible_to<std::string_view>;
  requires requires {
    loss.formula();
  } || LossTerms<L>;
} && complete_parameters<L>();

/// The entry with the formula of a loss.
template <class L>
constexpr auto formula_of(const L& loss) {
  if constexpr (requires { loss.formula(); })
    return loss.formula();
  else
    return loss;
}

}  // namespace saltus::kernels
