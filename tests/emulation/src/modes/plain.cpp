// Nothing watches memory.
#include <emulation/hooks.h>

namespace saltus::emulation {

Hooks* const installed_hooks = nullptr;

}  // namespace saltus::emulation
