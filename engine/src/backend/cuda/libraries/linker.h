// Formulas compiled at run time and linked with the kernels that evaluate activations.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <saltus/kernels/activations.h>
#include <saltus/kernels/launch_context.h>

#include "formula/device_source.h"

namespace saltus::cuda {

/// Throws DeviceError, which says what to install, where formulas cannot be linked.
void require_linker();

/// What was linked, and by which numbers the kernels know the first of each kind; those of the
/// others follow them.
struct Linked {
  std::unique_ptr<const kernels::LinkedKernels> kernels;
  int first_activation = kernels::AllActivations::size;  ///< an id
  int first_learned = 0;
  int first_loss = 0;
};

/// Compiles and links for the current device, or takes from the cache what was linked before.
/// Throws DeviceError.
Linked link_formulas(const formula::DeviceFormulas& formulas);

/// The architecture (90 for 9.0) for which formulas are linked to run on a device of `device`: that
/// itself, or one before it whose code it runs, as far as this build has the kernels for them.
std::optional<int> linkable_architecture(int device);

/// Code for an architecture, of which no device need be there.
struct LinkedCode {
  std::string code;    ///< a cubin
  std::string report;  ///< what ptxas and the linker said of registers, line by line
};
/// Compiles a source of formula::device_source() and links it with the kernels. Throws DeviceError.
LinkedCode link_source(const std::string& source, int architecture);

}  // namespace saltus::cuda
