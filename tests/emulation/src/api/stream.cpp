#include "api/stream.h"

#include <utility>

#include <emulation/api/api.h>

#include "api/call.h"

namespace saltus::emulation {
namespace {

Handles<cudaStream_t> streams;

}  // namespace

bool is_stream(cudaStream_t stream) {
  return streams.contains(stream);
}

cudaError_t enqueue(cudaStream_t stream, Work work) {
  if (stream->capture == nullptr) {
    stream->last = submit(std::move(work), {stream->last});
    return sticky_error();
  }
  Capture& capture = *stream->capture;
  if (capture.invalid) return cudaErrorStreamCaptureInvalidated;
  capture.nodes.push_back({std::move(work), {stream->frontier.begin(), stream->frontier.end()}});
  stream->frontier = {capture.nodes.size() - 1};
  return cudaSuccess;
}

}  // namespace saltus::emulation

using namespace saltus::emulation;  // NOLINT(google-build-using-namespace)

cudaError_t cudaStreamCreate(cudaStream_t* stream) {
  return cudaStreamCreateWithFlags(stream, cudaStreamDefault);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  return api_call("cudaStreamCreateWithFlags", [&] {
    if (stream == nullptr || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    *stream = new CUstream_st;
    streams.insert(*stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return release_call("cudaStreamDestroy", [&] {
    if (!streams.erase(stream)) return cudaErrorInvalidResourceHandle;
    if (const CapturePointer capture = stream->capture; capture != nullptr) {
      capture->invalid = true;
      if (capture->origin == stream) end_capture(capture);
      capture->streams.erase(stream);
    }
    if (stream->last != nullptr) finish(stream->last);
    delete stream;
    return sticky_error();
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return api_call("cudaStreamSynchronize", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture != nullptr) return refuse_in(*stream->capture);
    if (stream->last != nullptr) finish(stream->last);
    return sticky_error();
  });
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
  return api_call("cudaStreamQuery", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture != nullptr) return refuse_in(*stream->capture);
    if (stream->last == nullptr || stream->last->done) return sticky_error();
    step();
    return cudaErrorNotReady;
  });
}

cudaError_t cudaDeviceSynchronize() {
  return api_call("cudaDeviceSynchronize", [] {
    if (const cudaError_t refused = refuse_in_captures(); refused != cudaSuccess) return refused;
    finish_all();
    return sticky_error();
  });
}
