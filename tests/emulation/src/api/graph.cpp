// Capture of streams, and graphs.
#include <algorithm>
#include <utility>

#include <emulation/api/api.h>

#include "api/call.h"
#include "api/stream.h"

struct CUgraph_st {
  std::vector<saltus::emulation::Node> nodes;
};

struct CUgraphExec_st {
  std::vector<saltus::emulation::Node> nodes;
  saltus::emulation::TaskPointer last = {};  ///< of its last launch: one comes after another
};

namespace saltus::emulation {
namespace {

Handles<cudaGraph_t> graphs;
Handles<cudaGraphExec_t> executables;
std::vector<CapturePointer> captures;

/// Whether all nodes come before the end of the frontier, or are in it.
bool all_joined(const std::vector<Node>& nodes, const Frontier& frontier) {
  std::vector<bool> reached(nodes.size(), false);
  for (const std::size_t node : frontier) reached[node] = true;
  for (std::size_t i = nodes.size(); i-- > 0;)  // nodes come after what they wait for
    if (reached[i])
      for (const std::size_t before : nodes[i].after) reached[before] = true;
  return std::all_of(reached.begin(), reached.end(), [](bool is) { return is; });
}

}  // namespace

void end_capture(const CapturePointer& capture) {
  capture->ended = true;
  for (const cudaStream_t stream : capture->streams) {
    stream->capture = nullptr;
    stream->frontier.clear();
  }
  std::erase(captures, capture);
}

cudaError_t refuse_in(Capture& capture) {
  capture.invalid = true;
  return cudaErrorStreamCaptureUnsupported;
}

cudaError_t refuse_in_captures() {
  cudaError_t error = cudaSuccess;
  for (const CapturePointer& capture : captures)
    if (capture->mode != cudaStreamCaptureModeRelaxed) error = refuse_in(*capture);
  return error;
}

}  // namespace saltus::emulation

using namespace saltus::emulation;  // NOLINT(google-build-using-namespace)

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
  return api_call("cudaStreamBeginCapture", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture != nullptr) return refuse_in(*stream->capture);
    stream->capture = std::make_shared<Capture>(Capture{stream, mode});
    stream->capture->streams.insert(stream);
    captures.push_back(stream->capture);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return release_call("cudaStreamEndCapture", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (graph == nullptr || stream->capture == nullptr) return cudaErrorInvalidValue;
    *graph = nullptr;
    const CapturePointer capture = stream->capture;
    if (capture->origin != stream) {
      capture->invalid = true;
      return cudaErrorStreamCaptureUnmatched;
    }
    const bool joined = all_joined(capture->nodes, stream->frontier);
    end_capture(capture);
    if (capture->invalid) return cudaErrorStreamCaptureInvalidated;
    if (!joined) return cudaErrorStreamCaptureUnjoined;
    *graph = new CUgraph_st{std::move(capture->nodes)};
    graphs.insert(*graph);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return api_call("cudaStreamIsCapturing", [&] {
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (status == nullptr) return cudaErrorInvalidValue;
    *status = stream->capture == nullptr ? cudaStreamCaptureStatusNone
              : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                         : cudaStreamCaptureStatusActive;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags) {
  return api_call("cudaGraphInstantiate", [&] {
    if (executable == nullptr || flags != 0 || !graphs.contains(graph))
      return cudaErrorInvalidValue;
    *executable = new CUgraphExec_st{graph->nodes};
    executables.insert(*executable);
    return cudaSuccess;
  });
}

cudaError_t cudaGraphUpload(cudaGraphExec_t executable, cudaStream_t stream) {
  return api_call("cudaGraphUpload", [&] {
    if (!executables.contains(executable)) return cudaErrorInvalidValue;
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    return stream->capture == nullptr ? cudaSuccess : refuse_in(*stream->capture);
  });
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return api_call("cudaGraphLaunch", [&] {
    if (!executables.contains(executable)) return cudaErrorInvalidValue;
    if (!is_stream(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture != nullptr) return refuse_in(*stream->capture);
    const TaskPointer begin = submit({}, {stream->last, executable->last});
    std::vector<TaskPointer> tasks;
    for (const Node& node : executable->nodes) {
      std::vector<TaskPointer> after{begin};
      for (const std::size_t place : node.after) after.push_back(tasks[place]);
      tasks.push_back(submit(node.work, std::move(after)));
    }
    tasks.push_back(begin);
    stream->last = executable->last = submit({}, tasks);
    return sticky_error();
  });
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  return release_call("cudaGraphExecDestroy", [&] {
    if (!executables.erase(executable)) return cudaErrorInvalidValue;
    delete executable;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return release_call("cudaGraphDestroy", [&] {
    if (!graphs.erase(graph)) return cudaErrorInvalidValue;
    delete graph;
    return cudaSuccess;
  });
}
