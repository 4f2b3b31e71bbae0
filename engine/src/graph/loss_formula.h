// Losses and metrics that are typed as formulas.
#pragma once

#include <memory>
#include <string_view>

#include "formula/loss_formula.h"

namespace saltus {

/// Whether a text is a formula of y and t: what has parameters like the list's, "huber:delta=2",
/// and what is a name alone, is none.
bool looks_like_loss_formula(std::string_view text);

/// Throws InvalidArgument with the text, a mark under what is wrong, and what would be right.
std::shared_ptr<const formula::LossFormula> read_loss_formula(std::string_view text);

}  // namespace saltus
