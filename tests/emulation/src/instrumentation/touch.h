// What code compiled with -fsanitize=thread tells whoever watches it: the checker, or the counter
// of traffic.
#pragma once

#include <emulation/hooks.h>

namespace saltus::emulation {

enum class Touch { read, write, atomic };

/// The running thread of a kernel touches memory outside of its stack. `caller`: where it does so.
void touched(Range memory, Touch how, const void* caller);

}  // namespace saltus::emulation
