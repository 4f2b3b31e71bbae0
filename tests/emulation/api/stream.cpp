#include "tests/emulation/api/stream.h"

#include <set>

#include "tests/emulation/api/api.h"
#include "tests/emulation/api/call.h"

namespace saltus::emulation {
namespace {

std::set<cudaStream_t>& streams() {
  static std::set<cudaStream_t> all;
  return all;
}

}  // namespace

bool is_stream(cudaStream_t stream) {
  return streams().contains(stream);
}

void enqueue(cudaStream_t, Work work) {
  work();
}

}  // namespace saltus::emulation

using saltus::emulation::api_call;
using saltus::emulation::is_stream;
using saltus::emulation::sticky_error;

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return api_call("cudaStreamCreateWithFlags", [&] {
    if (stream == nullptr || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    *stream = new CUstream_st;
    saltus::emulation::streams().insert(*stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return api_call("cudaStreamDestroy", [&] {
    if (saltus::emulation::streams().erase(stream) == 0) return cudaErrorInvalidResourceHandle;
    delete stream;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return api_call("cudaStreamSynchronize", [&] {
    return is_stream(stream) ? sticky_error() : cudaErrorInvalidResourceHandle;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return api_call("cudaDeviceSynchronize", [] { return sticky_error(); });
}
