// Streams: work in order.
#pragma once

#include <functional>

#include "tests/emulation/api/types.h"

struct CUstream_st {};

namespace saltus::emulation {

using Work = std::function<void()>;

/// Whether this is a stream of ours; the default stream is not.
bool is_stream(cudaStream_t stream);

/// Does the work when the stream comes to it.
void enqueue(cudaStream_t stream, Work work);

}  // namespace saltus::emulation
