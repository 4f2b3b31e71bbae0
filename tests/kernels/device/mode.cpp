#include "tests/kernels/device/mode.h"

namespace saltus::test {

const char* const kMode = SALTUS_MODE;

}  // namespace saltus::test
