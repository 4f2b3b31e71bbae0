// What a stream is told while it is captured: the nodes of a graph to be.
#pragma once

#include <cstddef>
#include <memory>
#include <set>
#include <vector>

#include <emulation/api/types.h>

#include "api/task.h"

namespace saltus::emulation {

/// A node of a graph: work, and the places of the nodes before it.
struct Node {
  Work work;
  std::vector<std::size_t> after;
};

/// Nodes after which the next one comes.
using Frontier = std::set<std::size_t>;

/// A capture that goes on: it began in one stream; others join it by waiting for its events.
struct Capture {
  cudaStream_t origin;
  cudaStreamCaptureMode mode;
  bool invalid = false;  ///< something was done that a capture forbids
  bool ended = false;
  std::vector<Node> nodes = {};
  std::set<cudaStream_t> streams = {};
};
using CapturePointer = std::shared_ptr<Capture>;

/// What an event of a capture stands for.
struct CapturedEvent {
  CapturePointer capture;
  Frontier frontier;
};

/// Its streams do again what they are told.
void end_capture(const CapturePointer& capture);

/// A call that would wait, or allocate, during a capture: invalidates it and gives the error.
cudaError_t refuse_in(Capture& capture);

/// The same for a call that no capture but a relaxed one allows; cudaSuccess where there is none.
cudaError_t refuse_in_captures();

}  // namespace saltus::emulation
