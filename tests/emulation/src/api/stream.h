// Streams: work in order.
#pragma once

#include <emulation/api/types.h>

#include "api/capture.h"
#include "api/handles.h"
#include "api/task.h"

struct CUstream_st {
  saltus::emulation::TaskPointer last;        ///< nullptr: nothing was ever put in
  saltus::emulation::CapturePointer capture;  ///< nullptr: what is put in gets done
  saltus::emulation::Frontier frontier;       ///< while captured
};

namespace saltus::emulation {

/// Whether this is a stream of ours; the default stream is not.
bool is_stream(cudaStream_t stream);

/// Puts work into the stream, or into the graph that it captures.
cudaError_t enqueue(cudaStream_t stream, Work work);

}  // namespace saltus::emulation
