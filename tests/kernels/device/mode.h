// How the kernels were compiled. The tests themselves are compiled once for all of the emulation's
// modes.
#pragma once

namespace saltus::test {

/// plain, asan, checked or coverage: the emulation's mode; gpu where nvcc compiled the kernels.
extern const char* const kMode;

}  // namespace saltus::test
