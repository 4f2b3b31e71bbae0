#pragma once

#include <saltus/kernels/activation_entry.h>

#include "tests/kernels/walk/checksum.h"

namespace saltus::test {

/// The checksums of what this CPU's loops give, on all cores.
Checksums checksums_on_host(const kernels::ActivationRef& activation, const Stretch& stretch);

/// y = f, slope = f' of the stretch's inputs.
void evaluate_on_host(const kernels::ActivationRef& activation, const Stretch& stretch, float* y,
                      float* slope);

}  // namespace saltus::test
