#include <chrono>

#include <emulation/api/api.h>

#include "api/call.h"
#include "api/stream.h"

struct CUevent_st {
  bool timed = true;
  saltus::emulation::TaskPointer task = {};        ///< nullptr: never recorded
  saltus::emulation::CapturedEvent captured = {};  ///< where it was recorded last, if in a capture
};

using namespace saltus::emulation;  // NOLINT(google-build-using-namespace)

namespace {

Handles<cudaEvent_t> events;

/// The stream comes after an event of a capture, and belongs to that capture from now on.
cudaError_t join(CUstream_st& stream, const CapturedEvent& event) {
  if (event.capture->ended) return cudaErrorCapturedEvent;
  if (event.capture->invalid) return cudaErrorStreamCaptureInvalidated;
  if (stream.capture != nullptr && stream.capture != event.capture) {
    stream.capture->invalid = true;
    event.capture->invalid = true;
    return cudaErrorStreamCaptureIsolation;
  }
  stream.capture = event.capture;
  event.capture->streams.insert(&stream);
  stream.frontier.insert(event.frontier.begin(), event.frontier.end());
  return cudaSuccess;
}

}  // namespace

cudaError_t cudaEventCreate(cudaEvent_t* event) {
  return cudaEventCreateWithFlags(event, cudaEventDefault);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  return api_call("cudaEventCreateWithFlags", [&] {
    constexpr unsigned kKnown = cudaEventBlockingSync | cudaEventDisableTiming;
    if (event == nullptr || (flags & ~kKnown) != 0) return cudaErrorInvalidValue;
    *event = new CUevent_st{(flags & cudaEventDisableTiming) == 0};
    events.insert(*event);
    return cudaSuccess;
  });
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return release_call("cudaEventDestroy", [&] {
    if (!events.erase(event)) return cudaErrorInvalidResourceHandle;
    delete event;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return api_call("cudaEventRecord", [&] {
    if (!events.contains(event) || !is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture != nullptr) {
      event->task = nullptr;
      event->captured = {stream->capture, stream->frontier};
      return stream->capture->invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
    }
    event->captured = {};
    event->task = stream->last = submit({}, {stream->last});
    return sticky_error();
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned flags) {
  return api_call("cudaStreamWaitEvent", [&] {
    if (!events.contains(event) || !is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (flags != 0) return cudaErrorInvalidValue;
    if (event->captured.capture != nullptr) return join(*stream, event->captured);
    if (stream->capture != nullptr && event->task != nullptr) {
      stream->capture->invalid = true;
      return cudaErrorStreamCaptureIsolation;
    }
    if (event->task != nullptr) stream->last = submit({}, {stream->last, event->task});
    return sticky_error();
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return api_call("cudaEventSynchronize", [&] {
    if (!events.contains(event)) return cudaErrorInvalidResourceHandle;
    if (event->captured.capture != nullptr) return cudaErrorCapturedEvent;
    if (event->task != nullptr) finish(event->task);
    return sticky_error();
  });
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  return api_call("cudaEventQuery", [&] {
    if (!events.contains(event)) return cudaErrorInvalidResourceHandle;
    if (event->captured.capture != nullptr) return cudaErrorCapturedEvent;
    if (event->task == nullptr || event->task->done) return sticky_error();
    step();
    return cudaErrorNotReady;
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  return api_call("cudaEventElapsedTime", [&] {
    if (milliseconds == nullptr) return cudaErrorInvalidValue;
    for (const cudaEvent_t event : {start, end})
      if (!events.contains(event) || !event->timed || event->task == nullptr)
        return cudaErrorInvalidResourceHandle;
    if (!start->task->done || !end->task->done) return cudaErrorNotReady;
    *milliseconds =
        std::chrono::duration<float, std::milli>(end->task->finished - start->task->finished)
            .count();
    return cudaSuccess;
  });
}
