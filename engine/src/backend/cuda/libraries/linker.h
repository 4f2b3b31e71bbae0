// Formulas compiled at run time and linked with the kernels that evaluate activations.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <saltus/kernels/launch_context.h>

#include "formula/device_source.h"

namespace saltus::cuda {

/// Throws DeviceError, which says what to install, where formulas cannot be linked.
void require_linker();

/// What was linked, and by which ids the kernels know the formulas.
struct Linked {
  std::unique_ptr<const kernels::LinkedKernels> kernels;
  std::vector<int> ids;
};

/// Compiles and links for the current device, or takes from the cache what was linked before.
/// Throws DeviceError.
Linked link_formulas(std::span<const formula::Use> uses);

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
