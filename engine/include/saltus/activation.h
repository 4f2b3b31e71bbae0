#pragma once

#include <saltus/export.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <saltus/kernels/activation_entry.h>

namespace saltus {

/// What the list says about an activation: name, aliases, parameters with defaults and legal
/// values, formula, range, shape, saturation, kinks, and the initializer and dropout that belong to
/// it. Shape and kinks are those of the default parameters.
using ActivationInfo = kernels::Traits;
using ActivationShape = kernels::Shape;

/// Every activation, in the order of the list. A place in it is not a number to be stored: the list
/// grows; names stay.
SALTUS_API const std::vector<ActivationInfo>& activation_list();

/// What training makes of a parameter of an activation: it stays, or is a weight of the layer, or
/// one for each of the layer's channels (the last axis).
enum class Learned : std::uint8_t { no, layer, channel };

/// One elementwise function of the list with the values of its parameters: a small value type, and
/// the layer that applies it to each element.
class SALTUS_API Activation {
 public:
  /// The identity.
  Activation();

  /// parse(text), so that a layer takes its activation as Keras's do: Dense{.activation = "gelu"}.
  template <std::convertible_to<std::string_view> Text>
  Activation(const Text& text) : Activation(parse(text)) {}  // NOLINT: implicit on purpose

  /// "relu", "elu:alpha=0.2", "threshold:theta=1:value=0": a name or an alias of the list, then
  /// parameters; what is not given takes its default. Or a formula, as define() takes it. Case, '-'
  /// and '_' in names do not count. Throws InvalidArgument for an unknown name or parameter, with
  /// the nearest known ones, and for a value that is not a number or not legal, with the legal
  /// interval.
  ///
  /// "swish:beta=learned", "pelu:a=2 learned channel": the parameter begins with its default or
  /// that value and is learned, one for the layer or one for each channel. It is used within its
  /// legal interval, and a formula's says so behind its value, "b = 1 in [0, 10] learned".
  static Activation parse(std::string_view text);

  /// The activation that a formula defines, `define("mine", "x * tanh(softplus(b * x)); b = 1")`:
  /// its derivative is made by the program. parse() takes the same as "mine = x * ...", or without
  /// a name, and knows it by its name from then on, until the program ends. docs/formulas.md has
  /// the language. Throws InvalidArgument for what is no formula, with a mark under what is wrong,
  /// and for a name that an activation of the list has.
  static Activation define(std::string_view name, std::string_view formula);

  /// f and its derivative of a block of numbers: y[i] = f(x[i]) and, unless `slope` is empty,
  /// slope[i] = f'(x[i]). The three do not overlap.
  using Function =
      std::function<void(std::span<const float> x, std::span<float> y, std::span<float> slope)>;

  /// A function of your own, on the CPU. Several threads call it at the same time; what it throws
  /// ends the training and reaches the caller. It is known by its name from then on, to parse()
  /// too, until the program ends. Throws InvalidArgument where there is no function, or the name is
  /// none or taken.
  static Activation custom(std::string name, Function function);

  /// The canonical text: the name and the parameters that differ from their defaults, numbers as
  /// short as they can be; of a formula, its definition. parse() of it gives this activation again.
  [[nodiscard]] std::string str() const;

  /// For people: as str(), but of a formula that has a name, that name.
  [[nodiscard]] std::string label() const;

  /// Whether it was defined by a formula.
  [[nodiscard]] bool is_formula() const;

  /// What training makes of the parameter at this place, and whether it changes any.
  [[nodiscard]] Learned learned(std::size_t parameter) const { return learned_.at(parameter); }
  [[nodiscard]] bool is_learned() const { return learned_ != kNothing; }

  [[nodiscard]] std::string_view name() const { return info().name; }
  [[nodiscard]] const ActivationInfo& info() const;

  /// How f runs with these parameters.
  [[nodiscard]] ActivationShape shape() const;

  /// Where f or its derivative jumps with these parameters, and df there.
  [[nodiscard]] kernels::Kinks kinks() const;

  /// f(x) and f'(x), by the code that trains.
  [[nodiscard]] float f(float x) const;
  [[nodiscard]] float df(float x) const;

  /// Its number and the values of its parameters.
  [[nodiscard]] const kernels::ActivationRef& ref() const { return ref_; }

  SALTUS_API friend bool operator==(const Activation& a, const Activation& b);

 private:
  using EachLearned = std::array<Learned, kernels::kMaxParameters>;
  static constexpr EachLearned kNothing = {};

  explicit Activation(const kernels::ActivationRef& ref, const EachLearned& learned = {})
      : ref_(ref), learned_(learned) {}

  kernels::ActivationRef ref_;
  EachLearned learned_ = {};
};

}  // namespace saltus
