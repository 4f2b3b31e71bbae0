// What the stand-ins for libraries share: elements of arrays in device memory, and their work.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include <saltus/kernels/bfloat16.h>

#include "tests/emulation/src/api/call.h"
#include "tests/emulation/src/api/stream.h"
#include "tests/emulation/src/memory/open_device_memory.h"

namespace saltus::tests {

/// An array of floats or Bf16.
struct Elements {
  void* data = nullptr;
  bool halves = false;

  float load(std::int64_t i) const {
    return halves ? kernels::to_float(static_cast<const kernels::Bf16*>(data)[i])
                  : static_cast<const float*>(data)[i];
  }
  void save(float value, std::int64_t i) const {
    if (halves)
      kernels::store(value, static_cast<kernels::Bf16*>(data)[i]);
    else
      static_cast<float*>(data)[i] = value;
  }
};

/// x to the nearest number of 10 bits behind the point.
inline float rounded_to_tf32(float x) {
  return kernels::float_of((kernels::bits_of(x) + 0x1000U) & ~0x1FFFU);
}

/// A library may write whatever it likes into its workspace.
inline void use_workspace(void* workspace, std::size_t bytes) {
  constexpr std::size_t kSome = 4096;
  std::memset(workspace, 0xFF, std::min(bytes, kSome));
  if (bytes > kSome) std::memset(static_cast<std::byte*>(workspace) + bytes - kSome, 0xFF, kSome);
}

/// What a library puts into a stream: it reads and writes device memory when the stream comes to
/// it.
template <class Work>
bool put_into(cudaStream_t stream, Work work) {
  if (!emulation::is_stream(stream)) return false;
  return emulation::enqueue(stream, [work = std::move(work)] {
           const emulation::OpenDeviceMemory open;
           work();
         }) == cudaSuccess;
}

/// A call of a library counts as one of the API, and may be made to fail as those are
/// (emulation::fail_call()).
inline bool fails(const char* name) {
  return emulation::begin_call(name) != cudaSuccess;
}

}  // namespace saltus::tests
