// What an engine is given: C[m][n] = sum over k of A[m][k] B[k][n].
#pragma once

#include <saltus/kernels/matrix/views.h>

namespace saltus::kernels {

/// The index of the product that is a view's `inner`, along which its elements are neighbours. The
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

  SALTUS_HD Problem of(int trial, int rows) const {
    return {{a.view.of(trial, rows)},
            {b.view.of(trial, rows)},
            {.fixed = m.of(rows)},
            n,
            {.fixed = k.of(rows)}};
  }
};

}  // namespace saltus::kernels
