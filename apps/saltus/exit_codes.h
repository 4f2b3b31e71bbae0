// How the program ends.
#pragma once

namespace saltus::app {

constexpr int kFailure = 1;    ///< a file, a device, the network
constexpr int kUsage = 2;      ///< asked for something that cannot be
constexpr int kDifferent = 3;  ///< came to other results than a program before it
constexpr int kNoRoom = 75;    ///< the device has no room for one trial; another may have
// 128 + n: interrupted by signal n; see interrupt.h.

}  // namespace saltus::app
