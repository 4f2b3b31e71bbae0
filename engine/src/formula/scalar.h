// A formula at one number, by the operations that the loops run and in their order.
#pragma once

#include "formula/extremes.h"
#include "formula/learned.h"

namespace saltus::formula {

/// f and f', with the bits that the loops of every instruction set have.
Point evaluate(const Ready& formula, float x);

/// The same for f and its derivatives with these parameters.
LearnedPoint evaluate(const LearnedFormula& formula, float x, const ParameterValues& parameters);

}  // namespace saltus::formula
