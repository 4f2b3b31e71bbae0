#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "backend/cuda/handles.h"

namespace saltus::cuda {

/// Tables that launches read and nothing changes: gathered while steps are lowered, then copied to
/// the device at once.
class Constants {
 public:
  /// Adds a table; returns what at() wants to know.
  template <class T>
  std::size_t add(const std::vector<T>& table) {
    constexpr std::size_t kAlignment = 16;
    const std::size_t place = (bytes_.size() + kAlignment - 1) / kAlignment * kAlignment;
    const std::span<const std::byte> bytes = std::as_bytes(std::span(table));
    bytes_.resize(place);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return place;
  }

  /// Copies all tables, and waits for it.
  void upload(cudaStream_t stream) {
    memory_ = allocate(static_cast<std::int64_t>(bytes_.size()), "tables");
    complete(stream, [&] {
      copy(static_cast<std::byte*>(memory_.get()), bytes_.data(), bytes_.size(),
           cudaMemcpyHostToDevice, stream);
    });
  }

  template <class T>
  const T* at(std::size_t place) const {
    return reinterpret_cast<const T*>(static_cast<const std::byte*>(memory_.get()) + place);
  }

 private:
  std::vector<std::byte> bytes_;
  DeviceMemory memory_;
};

}  // namespace saltus::cuda
