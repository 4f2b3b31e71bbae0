// The list of activations. Everything else is made from it: names and parsing, the CPU's loops, the
// CUDA kernels' switch, the tests, the tables of the documentation. The entries stand in
// activations/, family by family; docs/adding-an-activation.md shows how to add one.
#pragma once

#include <tuple>

#include <saltus/kernels/activation_entry.h>
#include <saltus/kernels/activations/composed_gates.h>
#include <saltus/kernels/activations/exponential.h>
#include <saltus/kernels/activations/gated.h>
#include <saltus/kernels/activations/periodic.h>
#include <saltus/kernels/activations/rectifiers.h>
#include <saltus/kernels/activations/shrinkage.h>
#include <saltus/kernels/activations/sigmoidal.h>
#include <saltus/kernels/activations/tanh_like.h>

namespace saltus::kernels {

template <class... Lists>
struct Concatenate;
template <class... A>
struct Concatenate<ActivationTypes<A...>> {
  using type = ActivationTypes<A...>;
};
template <class... A, class... B, class... Rest>
struct Concatenate<ActivationTypes<A...>, ActivationTypes<B...>, Rest...> {
  using type = typename Concatenate<ActivationTypes<A..., B...>, Rest...>::type;
};

/// The whole list. An activation's id is its place here; ids never leave memory.
using AllActivations =
    Concatenate<SigmoidalActivations, TanhLikeActivations, RectifierActivations,
                ExponentialActivations, GatedActivations, ComposedGateActivations,
                PeriodicActivations, ShrinkageActivations>::type;

/// The parameters of `ref` for f and df.
template <class T>
SALTUS_HD Parameters<T> parameters_of(const ActivationRef& ref) {
  Parameters<T> result;
  for (std::size_t i = 0; i < kMaxParameters; ++i)
    result.values[i] = static_cast<T>(ref.parameters[i]);
  return result;
}

namespace detail {

template <int place, class List>
struct EntryAt;
template <int place, class... A>
struct EntryAt<place, ActivationTypes<A...>> {
  using type = std::tuple_element_t<place, std::tuple<A...>>;
};

// Halves the range of ids until one entry is left: seven comparisons, the same on host and device.
template <int first, int last, class Function>
SALTUS_HD void dispatch(int id, Function& function) {
  if constexpr (last - first == 1) {
    function.template operator()<typename EntryAt<first, AllActivations>::type>();
  } else {
    constexpr int kMiddle = (first + last) / 2;
    if (id < kMiddle)
      dispatch<first, kMiddle>(id, function);
    else
      dispatch<kMiddle, last>(id, function);
  }
}

template <class A, class... All>
constexpr int id_of(ActivationTypes<All...>) {
  int id = -1;
  int place = 0;
  (void)((std::same_as<A, All> ? (id = place, true) : (++place, false)) || ...);
  return id;
}

}  // namespace detail

/// Calls function.template operator()<Entry>() for the entry with that id; no call where there is
/// none. For host and device: the function object's operator must be for both, then.
template <class Function>
SALTUS_HD void dispatch(int id, Function&& function) {
  if (id >= 0 && id < AllActivations::size) detail::dispatch<0, AllActivations::size>(id, function);
}

/// The id of an entry.
template <class A>
inline constexpr int kActivationId = detail::id_of<A>(AllActivations{});

}  // namespace saltus::kernels
