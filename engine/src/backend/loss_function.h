#pragma once

#include <saltus/loss.h>

#include "kernels/loss/formulas.h"

namespace saltus::backend {

/// The formula of a loss. A sparse loss has that of its dense one: only targets differ.
constexpr kernels::LossFunction loss_function(Loss loss) {
  using kernels::LossFunction;
  switch (loss) {
    case Loss::categorical_crossentropy:
    case Loss::sparse_categorical_crossentropy:
      return LossFunction::categorical_crossentropy;
    case Loss::categorical_crossentropy_from_logits:
      return LossFunction::categorical_crossentropy_from_logits;
    case Loss::binary_crossentropy:
      return LossFunction::binary_crossentropy;
    case Loss::binary_crossentropy_from_logits:
      return LossFunction::binary_crossentropy_from_logits;
    case Loss::mean_squared_error:
      break;
  }
  return LossFunction::mean_squared_error;
}

}  // namespace saltus::backend
