#pragma once

#include <saltus/kernels/loss/formulas.h>
#include <saltus/loss.h>

namespace saltus::backend {

/// The formula of a loss that is not a custom one. A sparse loss has that of its dense one: only
/// targets differ.
inline kernels::LossFunction loss_function(const Loss& loss) {
  using kernels::LossFunction;
  switch (loss.kind()) {
    case Loss::Kind::categorical_crossentropy:
    case Loss::Kind::sparse_categorical_crossentropy:
      return LossFunction::categorical_crossentropy;
    case Loss::Kind::categorical_crossentropy_from_logits:
      return LossFunction::categorical_crossentropy_from_logits;
    case Loss::Kind::binary_crossentropy:
      return LossFunction::binary_crossentropy;
    case Loss::Kind::binary_crossentropy_from_logits:
      return LossFunction::binary_crossentropy_from_logits;
    case Loss::Kind::mean_squared_error:
    case Loss::Kind::custom:
      break;
  }
  return LossFunction::mean_squared_error;
}

}  // namespace saltus::backend
