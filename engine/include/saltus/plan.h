#pragma once

#include <saltus/export.h>

#include <string>

#include <saltus/device.h>
#include <saltus/graph.h>
#include <saltus/loss.h>
#include <saltus/precision.h>

namespace saltus {

/// A training step of this network as it is planned, and as it is behind each pass of the device: a
/// line a step with the tensors that it reads and writes, and the bytes that a sample takes.
/// Neither the device nor its memory is asked; Device::automatic is the one that would be taken.
/// Throws InvalidArgument where the loss does not fit the network's end.
SALTUS_API std::string plan_text(const Graph& graph, const Loss& loss, Precision precision,
                                 Device device);

}  // namespace saltus
