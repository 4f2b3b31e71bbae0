#include <fmt/format.h>
#include <fmt/ranges.h>

#include <saltus/error.h>
#include <saltus/shape.h>

namespace saltus {
namespace {

/// More than any machine holds, and few enough for bytes and sums over tensors to be counted.
constexpr std::int64_t kMostElements = std::int64_t{1} << 48;

}  // namespace

std::int64_t element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count) || count > kMostElements) {
      throw InvalidArgument(fmt::format("shape {} has too many elements", to_string(shape)));
    }
  }
  return count;
}

std::string to_string(const Shape& shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
}

}  // namespace saltus
