#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace saltus {

/// Zeroed memory, aligned to a cache line. Throws DeviceError where there is not so much.
class Buffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  Buffer() = default;
  /// Room for `count` elements of `size` bytes.
  explicit Buffer(std::int64_t count, std::int64_t size = 1);

  std::int64_t bytes() const { return bytes_; }
  std::byte* data() const { return data_.get(); }

  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(data_.get());
  }

 private:
  struct Free {
    void operator()(std::byte* data) const {
      ::operator delete (data, std::align_val_t{kAlignment});
    }
  };
  std::unique_ptr<std::byte, Free> data_;
  std::int64_t bytes_ = 0;
};

}  // namespace saltus
