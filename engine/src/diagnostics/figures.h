// Diagnostics as figures of a history.
#pragma once

#include <cstddef>

#include <saltus/diagnostics.h>

namespace saltus::diagnostics {

/// What a layer has, and figures of it are of.
struct Applies {
  bool gradient = false;
  bool activation = false;
  bool weights = false;
  bool rank = false;
};

/// Adds those figures of a layer, which has this number in its network, in six significant digits.
void log_figures(std::size_t number, const LayerDiagnostics& found, const Applies& applies,
                 Logs& logs);

}  // namespace saltus::diagnostics
