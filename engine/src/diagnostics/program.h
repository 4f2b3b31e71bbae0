// The program that diagnoses a network, and where in it the layers are.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <saltus/activation.h>
#include <saltus/graph.h>
#include <saltus/loss.h>

#include "plan/plan.h"

namespace saltus::diagnostics {

/// A layer as LayerDiagnostics has it, by its tensors.
struct DiagnosedLayer {
  std::string name;
  plan::TensorId z = plan::kNone;
  plan::TensorId dz = plan::kNone;     ///< kNone: no trained weight is in front of it
  plan::TensorId a = plan::kNone;      ///< kNone: it has no activation
  plan::TensorId slope = plan::kNone;  ///< f'(z)
  int slot = -1;                       ///< of the activation in the trial table
  std::optional<Activation> learned;   ///< the activation, where it has no slot: as it begins
  std::vector<std::size_t> weights;    ///< places of kernel and bias in the plan
  bool is_last_hidden = false;         ///< the last activation that is not the network's output
};

/// Forward, loss and backward, all tensors in places of their own: each holds what it held when its
/// step was done.
struct DiagnosedNetwork {
  plan::Program program;
  std::vector<DiagnosedLayer> layers;
  plan::TensorId last_input = plan::kNone;  ///< what the last layer with weights reads
  std::vector<plan::TensorId> ones;         ///< to be filled with 1 before the program runs
};

/// Lowers a network whose plan is known, cuts and packs its program for the CPU in fp32.
DiagnosedNetwork diagnosed(const Graph& graph, const plan::Plan& plan, const Loss& loss);

}  // namespace saltus::diagnostics
