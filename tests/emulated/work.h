// Streams, events, and small work for them.
#pragma once

#include "tests/emulated/support.h"

namespace saltus::test {

class OwnStream {
 public:
  OwnStream() { SALTUS_CHECK(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking)); }
  ~OwnStream() { cudaStreamDestroy(stream_); }
  OwnStream(const OwnStream&) = delete;
  OwnStream& operator=(const OwnStream&) = delete;
  operator cudaStream_t() const { return stream_; }  // NOLINT(google-explicit-constructor)

 private:
  cudaStream_t stream_ = nullptr;
};

class OwnEvent {
 public:
  OwnEvent() { SALTUS_CHECK(cudaEventCreate(&event_)); }
  ~OwnEvent() { cudaEventDestroy(event_); }
  OwnEvent(const OwnEvent&) = delete;
  OwnEvent& operator=(const OwnEvent&) = delete;
  operator cudaEvent_t() const { return event_; }  // NOLINT(google-explicit-constructor)

 private:
  cudaEvent_t event_ = nullptr;
};

/// An int of pinned memory; -1 at first.
class PinnedInt {
 public:
  PinnedInt() { SALTUS_CHECK(cudaMallocHost(&value_, sizeof(int))); }
  ~PinnedInt() { cudaFreeHost(value_); }
  PinnedInt(const PinnedInt&) = delete;
  PinnedInt& operator=(const PinnedInt&) = delete;
  int& operator*() const { return *value_; }
  [[nodiscard]] int* get() const { return value_; }

 private:
  int* value_ = nullptr;
};

/// Eager again at the end.
class WithStreams {
 public:
  explicit WithStreams(emulation::Streams streams) { emulation::set_streams(streams); }
  ~WithStreams() { emulation::set_streams({}); }
  WithStreams(const WithStreams&) = delete;
  WithStreams& operator=(const WithStreams&) = delete;
};

inline __global__ void add_kernel(int* value, int addend) {
  *value += addend;
}
inline __global__ void multiply_kernel(int* value, int factor) {
  *value *= factor;
}
inline __global__ void trap_kernel() {
  __trap();
}

inline void add(cudaStream_t stream, int* value, int addend) {
  kernels::launch<add_kernel>(1, dim3(1), 0, stream, value, addend);
}
inline void multiply(cudaStream_t stream, int* value, int factor) {
  kernels::launch<multiply_kernel>(1, dim3(1), 0, stream, value, factor);
}
inline void copy_out(cudaStream_t stream, const int* value, const PinnedInt& result) {
  SALTUS_CHECK(cudaMemcpyAsync(result.get(), value, sizeof(int), cudaMemcpyDeviceToHost, stream));
}

}  // namespace saltus::test
