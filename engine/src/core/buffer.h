#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>

namespace saltus {

/// Zeroed memory, aligned to a cache line.
class Buffer {
 public:
  static constexpr std::size_t kAlignment = 64;

  Buffer() = default;
  explicit Buffer(std::int64_t bytes) : bytes_(bytes) {
    // Rounded up so that a vector load of the last elements stays inside.
    const auto size = (static_cast<std::size_t>(bytes) + kAlignment - 1) / kAlignment * kAlignment;
    data_.reset(static_cast<std::byte*>(::operator new (size, std::align_val_t{kAlignment})));
    std::memset(data_.get(), 0, size);
  }

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
