// Formulas over a stretch of floats.
#pragma once

#include "backend/cpu/loops/isa.h"
#include "formula/extremes.h"

namespace saltus::cpu::SALTUS_ISA {

/// As evaluate(), for a formula.
void evaluate_formula(const formula::Ready& formula, const float* x, float* y, float* slope,
                      std::int64_t n);

}  // namespace saltus::cpu::SALTUS_ISA
