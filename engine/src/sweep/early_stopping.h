#pragma once

#include <saltus/callbacks.h>

namespace saltus {

/// Throws InvalidArgument unless a sweep can stop its trials so, and its text says all of it.
void check_early_stopping(const EarlyStoppingOptions& options);

}  // namespace saltus
