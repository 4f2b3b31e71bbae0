// Whether a program is sound: looked at behind planning and behind a backend's passes, in every
// build. What does not hold is a fault of Saltus's, so these throw std::logic_error with the step
// and the tensor.
#pragma once

#include <saltus/precision.h>

#include "plan/program.h"

namespace saltus::plan {

/// Everything that is read was written before, by one step; no weight is written but by the update;
/// in a program that trains, every trainable weight's gradient has one writer; the output is
/// written.
void verify(const Program& program);

/// The segments hold all steps, in order.
void verify_segments(const Program& program);

/// No two tensors that live at once overlap, none lies outside the program's bytes, and what matrix
/// products read is of the precision's type.
void verify_memory(const Program& program, Precision precision);

}  // namespace saltus::plan
