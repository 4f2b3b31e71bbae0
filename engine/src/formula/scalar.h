// A formula at one number, by the operations that the loops run and in their order.
#pragma once

#include "formula/extremes.h"

namespace saltus::formula {

/// f and f', with the bits that the loops of every instruction set have.
Point evaluate(const Ready& formula, float x);

}  // namespace saltus::formula
