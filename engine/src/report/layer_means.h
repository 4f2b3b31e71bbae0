// The diagnostics of a setting: the mean of its trials.
#pragma once

#include <string>
#include <vector>

#include <saltus/sweep.h>

namespace saltus {

/// Of each epoch those of its layers, in the network's order: means over the trials that came as
/// far and have a number there; of the trials that are ok, if there are any. Empty where nothing
/// was diagnosed.
std::vector<std::vector<LayerDiagnostics>> mean_diagnostics(const SettingResult& result);

/// "dead 41 %, saturated 3 %, z 0.12 +- 1.4, ...": all figures that a layer has.
std::string layer_text(const LayerDiagnostics& layer);

}  // namespace saltus
