// What an entry of the list of optimizers is. See CONTRIBUTING.md.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include <saltus/kernels/entry.h>
#include <saltus/kernels/portable.h>

namespace saltus {

/// Gradient clipping, in Keras's words; at most one may be set.
struct Clipping {
  std::optional<double> clipvalue =
      {};                               ///< each element of the gradient to [-clipvalue, clipvalue]
  std::optional<double> clipnorm = {};  ///< each weight tensor's gradient to at most this L2 norm
  std::optional<double> global_clipnorm = {};  ///< all gradients together to at most this L2 norm
};

}  // namespace saltus

namespace saltus::kernels {

/// Most moments that an optimizer can have: what backends have arrays for.
inline constexpr std::size_t kMostMoments = 3;

/// Most bytes that what all elements have in common in a step can take.
inline constexpr std::size_t kMostStepBytes = 32;

/// Whether an optimizer has a formula for so many moments.
template <class O, std::size_t moments>
inline constexpr bool kHasFormula = [] {
  using Step = typename O::Step;
  if constexpr (moments == 0) {
    return requires(const Step& step, float g, float& w) {
      O::element(step, g, w);
    };
  } else if constexpr (moments == 1) {
    return requires(const Step& step, float g, float& w) {
      O::element(step, g, w, w);
    };
  } else if constexpr (moments == 2) {
    return requires(const Step& step, float g, float& w) {
      O::element(step, g, w, w, w);
    };
  } else {
    return requires(const Step& step, float g, float& w) {
      O::element(step, g, w, w, w, w);
    };
  }
}();

/// The formula of that many moments, for one element; the other moments stay as they are.
template <class O, std::size_t moments>
SALTUS_HD void change_element(const typename O::Step& step, float gradient, float& weight,
                              float& moment_1, float& moment_2, float& moment_3) {
  if constexpr (moments == 0)
    O::element(step, gradient, weight);
  else if constexpr (moments == 1)
    O::element(step, gradient, weight, moment_1);
  else if constexpr (moments == 2)
    O::element(step, gradient, weight, moment_1, moment_2);
  else
    O::element(step, gradient, weight, moment_1, moment_2, moment_3);
}

/// Calls visit(n) with how many moments the optimizer has, as a std::integral_constant.
template <std::size_t moments = 0, class O, class Visit>
SALTUS_HD void with_moments(const O& optimizer, const Visit& visit) {
  if constexpr (kHasFormula<O, moments>) {
    if (optimizer.moments() == moments)
      return visit(std::integral_constant<std::size_t, moments>());
  }
  if constexpr (moments < kMostMoments) with_moments<moments + 1>(optimizer, visit);
}

namespace detail {

/// Whether the table has every member beside the clipping, and the defaults are legal together.
template <class O>
constexpr bool legal_defaults() {
  return complete_parameters<O, 1>() && conflict_of(O()).empty();
}

/// Whether there is a formula for all the moments and for those of the default.
template <class O>
constexpr bool complete_formulas() {
  constexpr std::size_t kAll = O::kMoments.size();
  constexpr std::size_t kUsual = O().moments();
  return kAll <= kMostMoments && kHasFormula<O, kAll> && kHasFormula<O, kUsual>;
}

/// Whether what the GPU keeps of a step has room for it.
template <class O>
constexpr bool small_step() {
  return sizeof(typename O::Step) <= kMostStepBytes;
}

}  // namespace detail

/// An entry of the list: its values as public members, of which the last is the clipping, and what
/// the concept asks for.
template <class O>
concept OptimizerEntry = std::is_trivially_copyable_v<O> &&
    requires(const O& o, std::uint32_t number) {
  // Its name as users type it, and those of its moments in a model's file.
  { O::kName } -> std::convertible_to<std::string_view>;
  { O::kMoments[0] } -> std::convertible_to<std::string_view>;
  // How many of these moments it has with its values.
  { o.moments() } -> std::same_as<std::size_t>;
  // What all elements have in common in the step of this number, counted from 1: the first argument
  // of each formula O::element().
  { o.step(number) } -> std::same_as<typename O::Step>;
  { o.learning_rate } -> std::convertible_to<double>;
  { o.clipping } -> std::convertible_to<Clipping>;
} && detail::legal_defaults<O>() && detail::complete_formulas<O>() && detail::small_step<O>();

}  // namespace saltus::kernels
