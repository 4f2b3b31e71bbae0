// What poolings take from their windows: the same for all backends.
#pragma once

#include <saltus/kernels/activations.h>

namespace saltus::kernels {

/// Positions first to last - 1 along an axis.
template <class Int>
struct Range {
  Int first, last;

  [[nodiscard]] SALTUS_HD Int size() const { return last - first; }
};

/// The positions of an image of this extent that the window of an output position covers, along one
/// axis.
template <class Int>
SALTUS_HD Range<Int> inside(Int output, Int size, Int stride, Int padding, Int extent) {
  const Int start = output * stride - padding;
  const Int end = start + size;
  return {start > 0 ? start : 0, end < extent ? end : extent};
}

/// Whether x, which comes later in its window, takes the place of the largest or smallest so far.
/// NaN is larger and smaller than everything, and the last of them is taken.
SALTUS_HD bool replaces_largest(float x, float largest) {
  return x > largest || x != x;
}
SALTUS_HD bool replaces_smallest(float x, float smallest) {
  return x < smallest || x != x;
}

/// The same for values of f, which may come in any order: of equals the first in the window is
/// taken.
SALTUS_HD bool replaces_maximum(float f, int place, float maximum, int place_of_maximum) {
  return replaces_largest(f, maximum) || (f == maximum && place < place_of_maximum);
}

namespace detail {

struct FindShape {
  const ActivationRef& f;
  Shape shape = Shape::other;

  template <class A>
  SALTUS_HD void operator()() {
    // Where f is flat but a stand-in slope is not, the gradient belongs to the first maximum of f.
    if constexpr (!A::traits.surrogate_slope) shape = A::shape(parameters_of<float>(f));
  }
};

}  // namespace detail

/// How f runs, as far as a max-pool behind it may rely on that.
SALTUS_HD Shape pooled_shape(const ActivationRef& f) {
  detail::FindShape find{f};
  dispatch(f.id, find);
  return find.shape;
}

}  // namespace saltus::kernels
