#pragma once

#include <saltus/export.h>

#include <cstdint>
#include <string>
#include <vector>

namespace saltus {

/// Extents, slowest first: an image is {height, width, channels}. Per-sample shapes leave the batch
/// out.
using Shape = std::vector<std::int64_t>;

/// Product of the extents; 1 for an empty shape. Throws InvalidArgument above 2^48.
SALTUS_API std::int64_t element_count(const Shape& shape);

/// "(28, 28, 1)", as Keras prints it.
SALTUS_API std::string to_string(const Shape& shape);

/// Height and width of a window, a stride or an image.
struct Size2 {
  std::int64_t height = 1;
  std::int64_t width = 1;
  bool operator==(const Size2&) const = default;
};

}  // namespace saltus
