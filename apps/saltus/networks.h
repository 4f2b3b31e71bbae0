// The networks that commands show without data.
#pragma once

#include <cstdint>

#include <saltus/shape.h>

namespace saltus::app {

/// The shape of MNIST's images and the number of its classes.
inline const Shape kMnistImage = {28, 28, 1};
inline constexpr std::int64_t kMnistClasses = 10;

}  // namespace saltus::app
