#pragma once

#include <saltus/image_set.h>

namespace saltus {

/// Fills in the checksums of a set that came from no IDX files: of its pixels, and of its labels or
/// targets as words of 32 bits, the least significant byte first.
void set_checksums(ImageSet& set);

}  // namespace saltus
