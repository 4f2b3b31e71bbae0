#pragma once

#include <string>

#include <saltus/sweep.h>

namespace saltus {

/// What a trial came to, but nothing that a clock gave: each figure in the fewest digits that give
/// it back. Figures that are not finite all look alike, as in the files from which a sweep is
/// resumed.
std::string compared_text(const TrialResult& trial);

}  // namespace saltus
