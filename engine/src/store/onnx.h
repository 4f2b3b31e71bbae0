// Networks as ONNX files.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <saltus/graph.h>

namespace saltus::store {

/// A trained network as an ONNX model (opset 17) that predicts. Input and output have the shapes of
/// the graph's, behind a batch of any size; `weights` are those of the graph's nodes in their
/// order, in Keras's layout. Throws InvalidArgument where the network is more than an ONNX file can
/// hold.
std::string onnx_bytes(const Graph& graph, std::span<const std::vector<float>> weights);

}  // namespace saltus::store
