#include "core/buffer.h"

#include <cstring>

#include <fmt/format.h>

#include <saltus/error.h>

namespace saltus {

Buffer::Buffer(std::int64_t count, std::int64_t size) {
  constexpr std::int64_t kMost = std::int64_t{1} << 47;  // what a program can address
  const auto refuse = [&] {
    throw OutOfMemory(
        fmt::format("an array of {} elements of {} bytes does not fit into this machine's memory; "
                    "take smaller batches or a smaller network",
                    count, size));
  };
  if (__builtin_mul_overflow(count, size, &bytes_) || bytes_ > kMost) refuse();
  // Rounded up so that a vector load of the last elements stays inside.
  const std::size_t room =
      (static_cast<std::size_t>(bytes_) + kAlignment - 1) / kAlignment * kAlignment;
  data_.reset(
      static_cast<std::byte*>(::operator new (room, std::align_val_t{kAlignment}, std::nothrow)));
  if (data_ == nullptr) refuse();
  std::memset(data_.get(), 0, room);
}

}  // namespace saltus
