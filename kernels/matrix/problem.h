// What an engine is given: C[m][n] = sum over k of A[m][k] B[k][n].
#pragma once

#include "kernels/matrix/views.h"

namespace saltus::kernels {

/// Which index of the product is a view's `inner`, along which its elements are neighbours. The
/// other one is its `outer`.
enum class Inner { k, other };

/// A (or B) as a view, with its direction.
template <class View_, Inner inner_>
struct Operand {
  using View = View_;
  static constexpr Inner inner = inner_;

  View view;
};

/// A product of two operands for all trials. m or k counts over the rows of the batch.
template <class A_, class B_>
struct Problem {
  using A = A_;
  using B = B_;

  A a;
  B b;
  Count m;
  int n;
  Count k;
};

/// How a long sum over k is cut into parts that different blocks add up: by the shape alone, so
/// that neither the device nor the number of rows changes a bit. An engine stores the parts' sums
/// in a workspace, and add_parts() adds them in order.
struct Parts {
  int length = 0;  ///< of a part, a multiple of 32; 0: all of k is one

  [[nodiscard]] SALTUS_HD int count(int k) const {
    return length == 0 ? 1 : (k + length - 1) / length;
  }
};

}  // namespace saltus::kernels
