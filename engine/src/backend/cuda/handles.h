// What belongs to the CUDA runtime: memory, streams, events, graphs. Each goes back when its owner
// does, whatever the runtime says of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <cuda_runtime_api.h>

#include "backend/cuda/errors.h"

namespace saltus::cuda {

/// A handle or pointer that `release` gives back.
template <class Handle, auto release>
class Owned {
 public:
  Owned() = default;
  explicit Owned(Handle handle) : handle_(handle) {}
  Owned(Owned&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Owned& operator=(Owned&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Owned(const Owned&) = delete;
  Owned& operator=(const Owned&) = delete;
  ~Owned() {
    if (handle_ != nullptr) static_cast<void>(release(handle_));
  }

  Handle get() const { return handle_; }

 private:
  Handle handle_ = nullptr;
};

using Stream = Owned<cudaStream_t, cudaStreamDestroy>;
using Event = Owned<cudaEvent_t, cudaEventDestroy>;
using Graph = Owned<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;
using DeviceMemory = Owned<void*, cudaFree>;
using PinnedMemory = Owned<void*, cudaFreeHost>;

/// A stream that waits for no other.
Stream make_stream();
/// An event that keeps the time.
Event make_event();

/// Device memory; none for 0 bytes. Throws DeviceError, which names `purpose`, where there is too
/// little.
DeviceMemory allocate(std::int64_t bytes, std::string_view purpose);
PinnedMemory allocate_pinned(std::int64_t bytes);

/// Captures what is put into a stream. An exception before finish() leaves the stream as it was.
class Capture {
 public:
  explicit Capture(cudaStream_t stream);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  GraphExec finish();

 private:
  cudaStream_t stream_;
};

/// Puts a copy of `count` elements into the stream. What is copied must stay as it is until then.
template <class T>
void copy(T* target, const T* source, std::size_t count, cudaMemcpyKind kind, cudaStream_t stream) {
  if (count == 0) return;
  SALTUS_CUDA_CHECK(cudaMemcpyAsync(target, source, count * sizeof(T), kind, stream));
}

/// Puts work into the stream and waits for it; also where putting fails half-way, for what the work
/// uses may go then.
template <class Work>
void complete(cudaStream_t stream, Work work) {
  try {
    work();
  } catch (...) {
    static_cast<void>(cudaStreamSynchronize(stream));
    throw;
  }
  SALTUS_CUDA_CHECK(cudaStreamSynchronize(stream));
}

/// An array on the device with an image of it in the host's pinned memory.
template <class T>
class Mirror {
 public:
  Mirror() = default;
  Mirror(std::size_t count, std::string_view purpose)
      : count_(count),
        device_(allocate(static_cast<std::int64_t>(count * sizeof(T)), purpose)),
        host_(allocate_pinned(static_cast<std::int64_t>(count * sizeof(T)))) {
    for (std::size_t i = 0; i < count; ++i) host()[i] = T{};
  }

  std::size_t size() const { return count_; }
  T* device() const { return static_cast<T*>(device_.get()); }
  T* host() const { return static_cast<T*>(host_.get()); }

  void upload(cudaStream_t stream) const {
    copy(device(), host(), count_, cudaMemcpyHostToDevice, stream);
  }
  void download(cudaStream_t stream) const {
    copy(host(), device(), count_, cudaMemcpyDeviceToHost, stream);
  }

 private:
  std::size_t count_ = 0;
  DeviceMemory device_;
  PinnedMemory host_;
};

}  // namespace saltus::cuda
