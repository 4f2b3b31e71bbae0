// An activation over a stretch of floats: the one place where the loops meet the list.
#pragma once

#include "backend/cpu/loops/isa.h"

namespace saltus::cpu::SALTUS_ISA {

/// y = f(x) and slope = f'(x), in one pass, for f and f' share what they are made of. y may be x;
/// slope may be null.
void evaluate(const kernels::ActivationRef& f, const float* x, float* y, float* slope,
              std::int64_t n);

}  // namespace saltus::cpu::SALTUS_ISA
