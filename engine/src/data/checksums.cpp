#include "data/checksums.h"

#include <array>
#include <bit>
#include <cstdint>
#include <span>
#include <type_traits>

#include "data/md5.h"

namespace saltus {
namespace {

template <class Value>
std::string md5_of(std::span<const Value> values) {
  Md5 digest;
  if constexpr (sizeof(Value) == 1) {
    digest.update(values);
  } else {
    for (const Value value : values) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      digest.update(
          std::array{static_cast<std::uint8_t>(bits), static_cast<std::uint8_t>(bits >> 8),
                     static_cast<std::uint8_t>(bits >> 16), static_cast<std::uint8_t>(bits >> 24)});
    }
  }
  return digest.finish_hex();
}

}  // namespace

void set_checksums(ImageSet& set) {
  set.images_md5 =
      std::visit([](const auto& pixels) { return md5_of(std::span(pixels)); }, set.pixels);
  set.labels_md5 = set.targets.empty() ? md5_of(std::span<const std::int32_t>(set.labels))
                                       : md5_of(std::span<const float>(set.targets));
}

}  // namespace saltus
