// A layer's options as JSON.
#pragma once

#include <string>

#include <saltus/layers.h>

#include "core/json.h"

namespace saltus::store {

/// All of them, by Keras's names.
Json config_of(const Layer& layer);

/// Those that decide what the layer computes, and that neither its shape nor its weights show.
Json identity_of(const Layer& layer);

/// The layer of that class with those options; Keras's defaults for the others. Throws
/// InvalidArgument, or what the JSON library throws, where something is not what it should be.
Layer layer_of(const std::string& kind, const ReadJson& config);

}  // namespace saltus::store
