// What an entry of the list of activations is. See docs/adding-an-activation.md.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <type_traits>

#include <saltus/kernels/math.h>
#include <saltus/kernels/portable.h>

namespace saltus::kernels {

/// Most parameters that an activation can have.
inline constexpr std::size_t kMaxParameters = 4;

/// Values of an activation's parameters, in the order of its traits.
template <class T>
struct Parameters {
  T values[kMaxParameters];

  SALTUS_HD constexpr T operator[](int i) const { return values[i]; }
};

/// One activation with the values of its parameters, as kernels get it.
struct ActivationRef {
  int id = 0;
  float parameters[kMaxParameters] = {};
};

/// A list of at most N things that lives in a constant.
template <class T, std::size_t N>
class ShortList {
 public:
  constexpr ShortList() = default;
  constexpr ShortList(std::initializer_list<T> items) {
    for (const T& item : items) items_.at(size_++) = item;
  }
  [[nodiscard]] constexpr std::size_t size() const { return size_; }
  [[nodiscard]] constexpr const T* begin() const { return items_.data(); }
  [[nodiscard]] constexpr const T* end() const { return items_.data() + size_; }
  constexpr const T& operator[](std::size_t i) const { return items_[i]; }

 private:
  std::array<T, N> items_{};
  std::size_t size_ = 0;
};

/// A parameter: its name, its default, and the closed interval of values that are accepted. Their
/// squares and differences are far from overflow.
struct Parameter {
  std::string_view name = {};
  float default_value = 0;
  float low = -1e6f;
  float high = 1e6f;
};

/// A parameter that must be positive. The bounds keep reciprocals and squares of it normal numbers.
constexpr Parameter positive(std::string_view name, float default_value) {
  return {name, default_value, 1e-6f, 1e6f};
}

/// How f runs, which decides what a max-pool behind it needs.
enum class Shape {
  unstated,     ///< no entry may leave it so
  monotone,     ///< never decreasing: a window's largest f is at its largest x
  one_minimum,  ///< decreasing, then increasing: it is at the largest or the smallest x
  other
};

/// On which sides f approaches a constant.
enum class Saturation { unstated, none, left, right, both };

/// A point where f' or f jumps, and what df gives there.
struct Kink {
  float x = 0;
  float df = 0;
};

/// All kinks of an activation. Where `period` is not 0, each recurs at every multiple of it.
struct Kinks {
  ShortList<Kink, 4> at = {};
  float period = 0;
};

/// What the list says about an entry beside its code.
struct Traits {
  std::string_view name = {};
  ShortList<std::string_view, 4> aliases = {};
  ShortList<Parameter, kMaxParameters> parameters = {};
  std::string_view formula = {};     ///< plain text in x and the parameters
  std::string_view derivative = {};  ///< the same of f', where f(x) may stand for the formula
  std::string_view range = {};       ///< of f with default parameters
  Shape shape = Shape::unstated;
  Saturation saturation = Saturation::unstated;
  Kinks kinks = {};  ///< where no parameter moves them; else the entry has its own kinks(p)
  std::string_view initializer = {};  ///< of the layers around it: "he_normal", ...
  std::string_view dropout = "dropout";
  /// df is not the derivative of f (which is 0 or useless), but stands in for it.
  bool surrogate_slope = false;
  /// f costs less with the defaults: the CPU has loops for them alone, where they are constants.
  bool fast_defaults = false;
};

/// Base of the entries: what depends on the parameters, for those where nothing does.
template <class Derived>
struct Entry {
  SALTUS_HD static constexpr Shape shape(const Parameters<float>&) { return Derived::traits.shape; }
  static constexpr Kinks kinks(const Parameters<float>&) { return Derived::traits.kinks; }
};

/// The defaults of an entry's parameters.
template <class T>
constexpr Parameters<T> defaults(const Traits& traits) {
  Parameters<T> result{};
  for (std::size_t i = 0; i < traits.parameters.size(); ++i)
    result.values[i] = static_cast<T>(traits.parameters[i].default_value);
  return result;
}

/// Whether nothing that every entry must state was left out, and the defaults are legal.
constexpr bool complete(const Traits& t) {
  for (const Parameter& p : t.parameters)
    if (p.name.empty() || p.default_value < p.low || p.default_value > p.high) return false;
  return !t.name.empty() && !t.formula.empty() && !t.derivative.empty() && !t.range.empty() &&
         !t.initializer.empty() && !t.dropout.empty() && t.shape != Shape::unstated &&
         t.saturation != Saturation::unstated;
}

template <class A, class T>
concept EvaluatesIn = requires(T x, const Parameters<T>& p) {
  { A::f(x, p) } -> std::same_as<T>;
  { A::df(x, p) } -> std::same_as<T>;
};

/// An entry of the list: traits, f and df in every precision, nothing left out.
template <class A>
concept ActivationEntry = std::is_empty_v<A> && std::same_as<decltype(A::traits), const Traits> &&
    complete(A::traits) && EvaluatesIn<A, float> && EvaluatesIn<A, double> &&
    EvaluatesIn<A, long double> && requires(const Parameters<float>& p) {
  { A::shape(p) } -> std::same_as<Shape>;
  { A::kinks(p) } -> std::same_as<Kinks>;
};

/// A list of entries, as a type.
template <ActivationEntry... A>
struct ActivationTypes {
  static constexpr int size = sizeof...(A);
};

}  // namespace saltus::kernels
